import { ActivityContext } from '../core/activity-context.js';
import { shownUrl } from '../core/http-address.js';
import { isFieldValue, isToken, type HeadersByName } from '../core/http-headers.js';
import { HTTP_ACTIVITY, type DurableHttpResponse, type HttpRequest } from '../core/http-messages.js';
import { defineActivities } from '../definitions/define.js';
import { ConfigError, HttpRequestFailedError, TokenSourceError } from '../errors.js';
import { answerOf } from './http-answer.js';
import { redirected, type Hop } from './http-redirects.js';

/** How a worker sends the requests of `ctx.callHttp`. */
export interface HttpOptions {
  /**
   * Where the credentials of requests come from, by the name that the call's `tokenSource` gives. Any worker that hosts
   * orchestrators or activities may send a request: give all of them the same. Default: none.
   */
  readonly tokenSources?: Readonly<Record<string, TokenSource>> | undefined;
  /**
   * What sends a request, such as Node's `fetch` with a dispatcher for a proxy or client certificates. It must honour
   * `redirect: 'manual'` and the signal. Default: the global `fetch`.
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/**
 * Gives the credentials for a request: a token, sent as `authorization: Bearer <token>`, or the headers to add. It is asked
 * anew for each request and should cache what is costly; what it throws fails the request. Nothing of what it gives is stored.
 */
export type TokenSource = (request: TokenRequest) => Credentials | Promise<Credentials>;

type Credentials = string | Readonly<Record<string, string>>;

/** What credentials are asked for. */
export interface TokenRequest {
  /** What they are for, as the call's `tokenSource` says. */
  readonly resource: string | undefined;
  /** Where the request goes. */
  readonly url: string;
  /** The orchestration instance that calls. */
  readonly instanceId: string;
  /** Aborted when nobody waits for the request any more. */
  readonly signal: AbortSignal;
}

const MOST_REDIRECTS = 20;

/**
 * The activity behind `callHttp`.
 *
 * H2. Credentials are added where a request is sent and are part of nothing that is stored. They go to the origin that was
 *     asked for alone: a redirect to another one takes none along, nor does one that leads back from there.
 */
export class HttpRequests {
  readonly #tokenSources: ReadonlyMap<string, TokenSource>;
  readonly #fetch: typeof globalThis.fetch;

  /** Throws ConfigError for a token source that is no function. */
  constructor({ tokenSources = {}, fetch = globalThis.fetch }: HttpOptions) {
    this.#tokenSources = new Map(Object.entries(tokenSources));
    this.#fetch = fetch;
    for (const [name, source] of this.#tokenSources)
      if (typeof source !== 'function')
        throw new ConfigError(`http.tokenSources: ${JSON.stringify(name)} must be a function, not ${typeof source}`);
  }

  async send(request: HttpRequest, context: ActivityContext): Promise<DurableHttpResponse> {
    const { method, url, body, isBase64Encoded, headers } = request;
    const credentials = await this.#credentials(request, context);
    let hop: Hop = {
      method,
      url: new URL(url),
      headers: { ...headers, ...credentials },
      body: isBase64Encoded === true && body !== undefined ? Buffer.from(body, 'base64') : body,
    };
    for (let redirects = 0; ; redirects++) {
      const response = await this.#ask(hop, context.signal);
      const next = request.redirect === 'manual' ? undefined : redirected(hop, response);
      if (!next) return answerOf(response, hop, request.maxResponseBytes, context.signal);
      await response.body?.cancel();
      if (redirects === MOST_REDIRECTS)
        throw new HttpRequestFailedError(`${method} ${shownUrl(url)}: more than ${MOST_REDIRECTS} redirects.`);
      hop = next;
    }
  }

  async #ask({ method, url, headers, body }: Hop, signal: AbortSignal): Promise<Response> {
    try {
      return await this.#fetch(url, { method, headers, body: body ?? null, redirect: 'manual', signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : unanswered(`${method} ${shownUrl(url.href)}`, error);
    }
  }

  async #credentials({ tokenSource, url }: HttpRequest, context: ActivityContext): Promise<HeadersByName> {
    if (!tokenSource) return {};
    const { name, resource } = tokenSource;
    const source = this.#tokenSources.get(name);
    if (!source) throw new TokenSourceError(name, `is not known to this worker; known are: ${this.#listed()}`);
    const { instanceId, signal } = context;
    const given: unknown = await this.#given(name, () => source({ resource, url, instanceId, signal }));
    const headers = asHeaders(given);
    if (headers) return headers;
    throw new TokenSourceError(name, 'gave no credentials, or such as cannot be sent as headers.');
  }

  async #given(source: string, ask: () => ReturnType<TokenSource>): Promise<Credentials> {
    try {
      return await ask();
    } catch (error) {
      throw new TokenSourceError(source, 'failed to give credentials.', { cause: error });
    }
  }

  #listed(): string {
    return [...this.#tokenSources.keys()].join(', ') || '(none)';
  }
}

defineActivities(HttpRequests, { send: { name: HTTP_ACTIVITY, input: 'unknown' } });

/** Undefined for what cannot be sent: refused here, for what refuses a header later would quote it. */
function asHeaders(given: unknown): HeadersByName | undefined {
  if (typeof given !== 'object' || given === null)
    return typeof given === 'string' && given !== '' && isFieldValue(given)
      ? { authorization: `Bearer ${given}` }
      : undefined;
  const headers = Object.entries(given).map(([name, value]: [string, unknown]) => [name.toLowerCase(), value] as const);
  if (!headers.every(([name, value]) => isToken(name) && isFieldValue(value))) return undefined;
  return Object.fromEntries(headers) as HeadersByName;
}

/** Node's fetch says "fetch failed", and in the cause why; several addresses of one host fail together, without a text. */
function unanswered(request: string, error: unknown): HttpRequestFailedError {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const text = cause instanceof Error ? cause.message || codeOf(cause) : String(cause);
  return new HttpRequestFailedError(`${request}: ${text}`, { cause });
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}
