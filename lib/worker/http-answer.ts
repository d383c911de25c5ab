import { shownUrl } from '../core/http-address.js';
import type { HeadersByName } from '../core/http-headers.js';
import type { DurableHttpResponse } from '../core/http-messages.js';
import { HttpRequestFailedError, HttpResponseTooLargeError } from '../errors.js';
import type { Hop } from './http-redirects.js';

/**
 * The answer as data, its body read to the end. Throws HttpResponseTooLargeError as soon as the body has more than `limit`
 * bytes, HttpRequestFailedError when it breaks off, and the reason of an aborted signal.
 */
export async function answerOf(
  response: Response,
  { method, url }: Hop,
  limit: number,
  signal: AbortSignal,
): Promise<DurableHttpResponse> {
  const request = `${method} ${shownUrl(url.href)}`;
  const bytes = await bodyOf(response, request, limit, signal);
  const contentType = response.headers.get('content-type') ?? '';
  return {
    statusCode: response.status,
    headers: headersOf(response.headers),
    ...contentOf(bytes, contentType),
    url: url.href,
  };
}

async function bodyOf(response: Response, request: string, limit: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of chunksOf(response)) {
      size += chunk.byteLength;
      if (size > limit) throw new HttpResponseTooLargeError(request, limit); // leaving the loop ends the transfer
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpResponseTooLargeError) throw error;
    throw signal.aborted ? signal.reason : brokenOff(request, error);
  }
  return Buffer.concat(chunks, size);
}

async function* chunksOf({ body }: Response): AsyncIterable<Uint8Array> {
  if (body) yield* body as AsyncIterable<Uint8Array>;
}

function brokenOff(request: string, error: unknown): HttpRequestFailedError {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new HttpRequestFailedError(`${request}: the answer broke off: ${text}`, { cause });
}

/** Cookies cannot be joined by commas, for they hold some. A name with which nothing could be stored is left out. */
function headersOf(received: Headers): HeadersByName {
  const headers = Object.fromEntries([...received].filter(([name]) => name !== '__proto__'));
  const cookies = received.getSetCookie();
  return cookies.length === 0 ? headers : { ...headers, 'set-cookie': cookies.join('\n') };
}

function contentOf(
  bytes: Buffer,
  contentType: string,
): { readonly content: string; readonly isBase64Encoded: boolean } {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return { content: new TextDecoder(charset, { fatal: true }).decode(bytes), isBase64Encoded: false };
  } catch {
    return { content: bytes.toString('base64'), isBase64Encoded: true };
  }
}
