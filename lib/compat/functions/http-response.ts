import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Blob } from 'node:buffer';
import type { Unchecked } from './unchecked.js';

/** What a body may be. */
export type HttpResponseBodyInit =
  | ReadableStream
  | Readable
  | Blob
  | ArrayBufferView
  | ArrayBuffer
  | AsyncIterable<Uint8Array>
  | FormData
  | URLSearchParams
  | string
  | null
  | undefined;

/** What headers may be. */
export type HttpHeadersInit = Headers | Record<string, string> | [string, string][];

/** A cookie of an answer. */
export interface Cookie {
  /** Its name. */
  name: string;
  /** Its value. */
  value: string;
  /** The hosts that get it. */
  domain?: string;
  /** The paths that get it. */
  path?: string;
  /** When it ends: a Date, or milliseconds since 1970. */
  expires?: Date | number;
  /** Whether it is for encrypted requests only. */
  secure?: boolean;
  /** Whether pages cannot read it. */
  httpOnly?: boolean;
  /** Whether requests of other sites have it. */
  sameSite?: 'Strict' | 'Lax' | 'None' | undefined;
  /** How long it lives, in seconds. */
  maxAge?: number;
}

/** What a function answers. */
export interface HttpResponseInit {
  /** The body. */
  body?: HttpResponseBodyInit;
  /** A value that is sent as JSON, instead of `body`. */
  jsonBody?: Unchecked;
  /** Default 200. */
  status?: number;
  /** The headers. */
  headers?: HttpHeadersInit;
  /** The cookies. */
  cookies?: Cookie[];
  /** Of the original, and of no effect: the body is sent as it is. */
  enableContentNegotiation?: boolean;
}

const statusesWithoutBody: ReadonlySet<number | undefined> = new Set([204, 205, 304]);

/**
 * The answer of a function.
 *
 * @example
 * ```ts
 * import { HttpResponse } from 'perdure/azure-functions';
 *
 * const response = new HttpResponse({ status: 201, jsonBody: { id: 7 } });
 * console.log(response.status, await response.json());
 * ```
 */
export class HttpResponse {
  /** The cookies. */
  readonly cookies: Cookie[];
  /** Of the original, and of no effect. */
  readonly enableContentNegotiation: boolean;
  readonly #response: Response;

  /** Makes it of what a function answers. */
  constructor(init: HttpResponseInit = {}) {
    this.#response = (init as { readonly nativeResponse?: Response }).nativeResponse ?? nativeOf(init);
    this.cookies = init.cookies ?? [];
    this.enableContentNegotiation = init.enableContentNegotiation ?? false;
  }

  /** Such as 200. */
  get status(): number {
    return this.#response.status;
  }

  /** The headers. */
  get headers(): Headers {
    return this.#response.headers;
  }

  /** The body as a stream. */
  get body(): ReadableStream | null {
    return this.#response.body as ReadableStream | null;
  }

  /** Whether the body has been read. */
  get bodyUsed(): boolean {
    return this.#response.bodyUsed;
  }

  /** The body as bytes. */
  readonly arrayBuffer = (): Promise<ArrayBuffer> => this.#response.arrayBuffer();

  /** The body as a blob. */
  readonly blob = (): ReturnType<Response['blob']> => this.#response.blob();

  /** The body as a form. */
  readonly formData = (): ReturnType<Response['formData']> => this.#response.formData();

  /** The body as what its JSON says. */
  readonly json = (): Promise<unknown> => this.#response.json();

  /** The body as a text. */
  readonly text = (): Promise<string> => this.#response.text();

  /** A copy, also of the body. */
  readonly clone = (): HttpResponse => {
    const { cookies, enableContentNegotiation } = this;
    const nativeResponse = this.#response.clone();
    return new HttpResponse({ cookies, enableContentNegotiation, nativeResponse } as HttpResponseInit);
  };
}

/** What goes over the wire. Throws TypeError for an answer that is none. */
export function sentResponse(answer: unknown): Response {
  if (answer === undefined || answer === null) return new Response(null, { status: 204 });
  if (typeof answer !== 'object')
    throw new TypeError(
      "The HTTP response must be an 'object' type that can include properties such as 'body', 'status', and 'headers'. " +
        'Learn more: https://go.microsoft.com/fwlink/?linkid=2112563',
    );
  const response = answer instanceof HttpResponse ? answer : new HttpResponse(answer);
  const { status, headers, body, cookies } = response;
  const sent = new Response(body as Unchecked, { status, headers });
  for (const cookie of cookies) sent.headers.append('set-cookie', cookieText(cookie));
  return sent;
}

function nativeOf({ status, headers, body, jsonBody }: HttpResponseInit): Response {
  const init = { status: status ?? 200, headers: new Headers(headers as Unchecked) };
  if (statusesWithoutBody.has(status)) return new Response(null, init);
  if (jsonBody === undefined) return new Response(body as Unchecked, init);
  if (!init.headers.has('content-type')) init.headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(jsonBody), init);
}

function cookieText({ name, value, expires, ...rest }: Cookie): string {
  const parts = [
    `${name}=${encodeURIComponent(value)}`,
    rest.maxAge !== undefined && `Max-Age=${rest.maxAge}`,
    rest.domain && `Domain=${rest.domain}`,
    rest.path && `Path=${rest.path}`,
    expires !== undefined && `Expires=${new Date(expires).toUTCString()}`,
    rest.httpOnly && 'HttpOnly',
    rest.secure && 'Secure',
    rest.sameSite && `SameSite=${rest.sameSite}`,
  ];
  return parts.filter(Boolean).join('; ');
}
