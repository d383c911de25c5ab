import { RefusedRequestError } from '../errors.js';

/** What a body may be. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutInMilliseconds: number;
}

/** What a timer can be set to; beyond it, it would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Nothing more is read of a request that is refused so. */
const closing = { connection: 'close' };

/**
 * The JSON that a request carries; undefined: it carries nothing. Numbers beyond 2^53 are rounded, and of two members with
 * one name the last counts, as JSON.parse has it. Throws RefusedRequestError: 400, 408, 413 or 415.
 */
export async function jsonOf(request: Request, limits: BodyLimits): Promise<unknown> {
  const type = request.headers.get('content-type');
  // A type that a form of another site can send is refused even if nothing follows.
  if (type !== null && !/^application\/json\s*(?:;|$)/i.test(type.trim())) throw unsupported(type);
  const bytes = await bytesOf(request, limits);
  if (bytes.length === 0) return undefined;
  if (type === null) throw unsupported('none');
  return parsed(bytes);
}

/** The same where there has to be a body. */
export async function requiredJsonOf(request: Request, limits: BodyLimits): Promise<unknown> {
  if (request.headers.get('content-type') === null) throw unsupported('none');
  const value = await jsonOf(request, limits);
  if (value === undefined) throw new RefusedRequestError(400, 'Invalid JSON content: the body is empty.');
  return value;
}

function unsupported(type: string): RefusedRequestError {
  const shown = JSON.stringify(type.slice(0, 80));
  return new RefusedRequestError(415, `Only application/json request content is supported, not ${shown}.`, closing);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    const said = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    throw new RefusedRequestError(400, `Invalid JSON content: ${said}.`);
  }
}

async function bytesOf(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const { maxBodyBytes, bodyTimeoutInMilliseconds } = limits;
  if (Number(request.headers.get('content-length') ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  if (!request.body) return new Uint8Array();
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const refuse = (): void => reject(new RefusedRequestError(408, 'The body did not come in time.', closing));
    timer = setTimeout(refuse, Math.min(bodyTimeoutInMilliseconds, LONGEST_TIMER));
  });
  try {
    return await Promise.race([whole(reader, maxBodyBytes), late]);
  } catch (error) {
    reader.cancel().catch(() => {}); // it may be broken already
    throw error instanceof RefusedRequestError ? error : new RefusedRequestError(400, 'The body broke off.', closing);
  } finally {
    clearTimeout(timer);
  }
}

async function whole(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(value);
  }
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(limit: number): RefusedRequestError {
  return new RefusedRequestError(413, `The body has more than ${limit} bytes.`, closing);
}
