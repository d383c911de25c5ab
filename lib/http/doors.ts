import { RefusedRequestError } from '../errors.js';

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** Headers of answers that pages of listed origins may read. */
const exposed = 'x-ms-continuation-token, location, retry-after, perdure-source';
const accepted = 'authorization, content-type, idempotency-key, x-functions-key, x-ms-continuation-token';

/** Which requests of browsers, and under which names of this host, are let in. */
export class Doors {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor(hosts: readonly string[], origins: readonly string[]) {
    this.#hosts = new Set([...loopback, ...hosts.map((host) => host.toLowerCase())]);
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  /** Throws RefusedRequestError: 421 for a host that is not ours, 403 for a page that is not. */
  check(request: Request): void {
    const host = hostOf(request);
    if (!this.#hosts.has(nameOf(host)))
      throw new RefusedRequestError(421, 'This host is not served here: list it in allowedHosts.');
    const origin = request.headers.get('origin');
    if (origin === null || this.#isListed(origin) || isOf(origin, host)) return;
    throw new RefusedRequestError(403, 'Pages of this origin may not ask: list it in allowedOrigins.');
  }

  /** The answer to a browser that asks what it may ask; undefined: it does not ask that. */
  preflight(request: Request, methods: string): Response | undefined {
    const isAsked = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
    if (!isAsked || !this.#isListed(request.headers.get('origin') ?? '')) return undefined;
    const headers = { 'access-control-allow-methods': methods, 'access-control-allow-headers': accepted };
    return new Response(null, { status: 204, headers: { ...headers, 'access-control-max-age': '600' } });
  }

  /** What lets a page of a listed origin read an answer. */
  headersFor(request: Request): Readonly<Record<string, string>> {
    if (this.#origins.size === 0) return {};
    const origin = request.headers.get('origin');
    if (origin === null || !this.#isListed(origin)) return { vary: 'origin' };
    return { vary: 'origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed };
  }

  #isListed(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }
}

/** A request that never was on a wire has no such header. */
function hostOf(request: Request): string {
  return request.headers.get('host') ?? new URL(request.url).host;
}

/** Without the port, as a URL spells it. */
function nameOf(host: string): string {
  try {
    return /[/\\?#@]/.test(host) ? '' : new URL(`http://${host}`).hostname;
  } catch {
    return '';
  }
}

function isOf(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false; // such as `null`
  }
}
