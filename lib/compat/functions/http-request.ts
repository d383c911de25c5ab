import { Buffer } from 'node:buffer';
import type { ReadableStream } from 'node:stream/web';

/** The parts of a path that its route names. */
export type HttpRequestParams = Record<string, string>;

/** Where a user comes from. */
export type HttpRequestUserType = 'AppService' | 'StaticWebApps';

/** Who is logged in, as the service before the app says. */
export interface HttpRequestUser {
  /** The service that says it. */
  type: HttpRequestUserType;
  /** The user's id. */
  id: string;
  /** The user's name. */
  username: string;
  /** Who the user logged in with. */
  identityProvider: string;
  /** What else is said. */
  claimsPrincipalData: Record<string, unknown>;
}

/** A body, as bytes or as a text. */
export interface HttpRequestBodyInit {
  /** The body as bytes. */
  bytes?: Uint8Array;
  /** The body as a text. */
  string?: string;
}

/** What a request is made of, for tests. */
export interface HttpRequestInit {
  /** Such as `POST`. */
  method?: string;
  /** The absolute address. */
  url?: string;
  /** The body. */
  body?: HttpRequestBodyInit;
  /** The headers. */
  headers?: Record<string, string>;
  /** The query; default: that of the address. */
  query?: Record<string, string>;
  /** The parts of the path. */
  params?: Record<string, string>;
}

interface Received extends HttpRequestInit {
  /** The request that came. */
  nativeRequest?: Request;
}

/**
 * A request to a function.
 *
 * @example
 * ```ts
 * import { HttpRequest } from 'perdure/azure-functions';
 *
 * const request = new HttpRequest({ method: 'POST', url: 'http://localhost/api/orders', body: { string: '{"pieces":2}' } });
 * console.log(await request.json());
 * ```
 */
export class HttpRequest {
  /** The query of the address. */
  readonly query: URLSearchParams;
  /** The parts of the path that the route names. */
  readonly params: HttpRequestParams;
  readonly #request: Request;
  readonly #init: Received;

  /** Made for tests; `perdure func start` makes its own. */
  constructor(init: HttpRequestInit) {
    this.#init = init;
    this.#request = (init as Received).nativeRequest ?? nativeOf(init);
    this.query = init.query ? new URLSearchParams(init.query) : new URL(this.#request.url).searchParams;
    this.params = { ...init.params };
  }

  /** The absolute address. */
  get url(): string {
    return this.#request.url;
  }

  /** Such as `POST`. */
  get method(): string {
    return this.#request.method;
  }

  /** The headers. */
  get headers(): Headers {
    return this.#request.headers;
  }

  /** Who is logged in, as the service before the app says in a header; null: nobody. */
  get user(): HttpRequestUser | null {
    return userOf(this.headers);
  }

  /** The body as a stream. */
  get body(): ReadableStream | null {
    return this.#request.body as ReadableStream | null;
  }

  /** Whether the body has been read. */
  get bodyUsed(): boolean {
    return this.#request.bodyUsed;
  }

  /** The body as bytes. */
  readonly arrayBuffer = (): Promise<ArrayBuffer> => this.#request.arrayBuffer();

  /** The body as a blob. */
  readonly blob = (): ReturnType<Request['blob']> => this.#request.blob();

  /** The body as a form. */
  readonly formData = (): ReturnType<Request['formData']> => this.#request.formData();

  /** The body as what its JSON says. */
  readonly json = (): Promise<unknown> => this.#request.json();

  /** The body as a text. */
  readonly text = (): Promise<string> => this.#request.text();

  /** A copy, also of the body. */
  readonly clone = (): HttpRequest =>
    new HttpRequest({ ...this.#init, nativeRequest: this.#request.clone() } as HttpRequestInit);
}

/** The function's view of a request that came. */
export function receivedRequest(request: Request, params: HttpRequestParams): HttpRequest {
  return new HttpRequest({ nativeRequest: request, params } as HttpRequestInit);
}

function nativeOf({ url, method, body, headers }: HttpRequestInit): Request {
  if (url === undefined) throw new Error('Internal error: Expected "url" to be defined.');
  if (method === undefined) throw new Error('Internal error: Expected "method" to be defined.');
  const isBodiless = /^(?:get|head)$/i.test(method);
  const content = body?.bytes ? Buffer.from(body.bytes) : body?.string;
  return new Request(url, {
    method,
    ...(!isBodiless && content !== undefined && { body: content }),
    ...(headers && { headers }),
  });
}

/** The header that both services put the user in. */
function userOf(headers: Headers): HttpRequestUser | null {
  const principal = headers.get('x-ms-client-principal');
  if (principal === null) return null;
  const data = JSON.parse(Buffer.from(principal, 'base64').toString('utf8')) as Record<string, unknown>;
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  if (data['identityProvider'] !== undefined)
    return {
      type: 'StaticWebApps',
      id: textOf(data['userId']),
      username: textOf(data['userDetails']),
      identityProvider: textOf(data['identityProvider']),
      claimsPrincipalData: data,
    };
  return {
    type: 'AppService',
    id: headers.get('x-ms-client-principal-id') ?? '',
    username: headers.get('x-ms-client-principal-name') ?? '',
    identityProvider: headers.get('x-ms-client-principal-idp') ?? '',
    claimsPrincipalData: data,
  };
}
