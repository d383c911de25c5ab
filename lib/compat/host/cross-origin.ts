const methods = 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS';

/** Lets pages of other origins ask functions, as `Host.CORS` of `local.settings.json` says. */
export class CrossOrigin {
  readonly #origins: ReadonlySet<string>;

  /** `*`: pages of any origin. */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  /** The origins by their names. */
  get listed(): readonly string[] {
    return [...this.#origins].filter((origin) => origin !== '*');
  }

  /** The answer to a browser that asks what it may ask; undefined: it does not ask that, or may not. */
  preflight(request: Request): Response | undefined {
    const isAsked = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
    if (!isAsked || !this.#isAllowed(request)) return undefined;
    const headers = request.headers.get('access-control-request-headers') ?? '*';
    return this.readable(
      request,
      new Response(null, {
        status: 204,
        headers: { 'access-control-allow-methods': methods, 'access-control-allow-headers': headers },
      }),
    );
  }

  /** The answer, so that the page that has asked may read it. */
  readable(request: Request, answer: Response): Response {
    if (!this.#isAllowed(request) || answer.headers.has('access-control-allow-origin')) return answer;
    const isOpen = this.#origins.has('*');
    answer.headers.set('access-control-allow-origin', isOpen ? '*' : request.headers.get('origin')!);
    if (!isOpen) answer.headers.append('vary', 'origin');
    return answer;
  }

  #isAllowed(request: Request): boolean {
    const origin = request.headers.get('origin');
    return origin !== null && (this.#origins.has('*') || this.#origins.has(origin.toLowerCase()));
  }
}
