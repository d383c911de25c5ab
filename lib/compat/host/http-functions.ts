import type { InvocationContext } from '../functions/invocation-context.js';
import { receivedRequest } from '../functions/http-request.js';
import { sentResponse } from '../functions/http-response.js';
import type { HttpTrigger } from '../functions/http.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import type { Invocations } from './invocations.js';
import { RouteTemplate } from './routes.js';

/** A function with the requests that it answers. */
export interface HttpFunction {
  readonly registered: RegisteredFunction;
  readonly methods: readonly string[];
  /** Below the host, such as `/api/orders/{id}`. */
  readonly path: string;
  readonly authLevel: HttpTrigger['authLevel'];
}

/** Answers the requests to the functions of an app. */
export class HttpFunctions {
  readonly list: readonly HttpFunction[];
  readonly #routes: readonly (HttpFunction & { readonly template: RouteTemplate })[];
  readonly #invocations: Invocations;
  readonly #hasKey: (request: Request) => boolean;
  readonly #onError: (context: InvocationContext, error: unknown) => void;

  /** `hasKey`: whether a request has a key of the host. Throws ConfigError for a route that cannot be read. */
  constructor(
    functions: Iterable<RegisteredFunction>,
    routePrefix: string,
    invocations: Invocations,
    options: {
      readonly hasKey: (request: Request) => boolean;
      readonly onError: (context: InvocationContext, error: unknown) => void;
    },
  ) {
    this.#invocations = invocations;
    this.#hasKey = options.hasKey;
    this.#onError = options.onError;
    this.list = Array.from(functions)
      .filter((registered) => registered.options.trigger.type === 'httpTrigger')
      .map((registered) => httpFunction(registered, routePrefix));
    this.#routes = this.list
      .map((one) => ({ ...one, template: new RouteTemplate(one.path, one.registered.name) }))
      .toSorted((a, b) => b.template.weight - a.template.weight);
  }

  /** Undefined: none of them is meant. */
  async answer(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    for (const { registered, methods, authLevel, template } of this.#routes) {
      if (!methods.includes(request.method)) continue;
      const params = template.match(pathname);
      if (!params) continue;
      if (authLevel !== 'anonymous' && !this.#hasKey(request)) return new Response(null, { status: 401 });
      return this.#invoke(registered, request, params);
    }
    return undefined;
  }

  async #invoke(registered: RegisteredFunction, request: Request, params: Record<string, string>): Promise<Response> {
    const context = this.#invocations.contextOf(registered);
    try {
      return sentResponse(await this.#invocations.invoke(registered, context, receivedRequest(request, params)));
    } catch (error) {
      this.#onError(context, error);
      return new Response(null, { status: 500 });
    }
  }
}

function httpFunction(registered: RegisteredFunction, routePrefix: string): HttpFunction {
  const {
    methods = ['GET', 'POST'],
    authLevel = 'anonymous',
    route,
  } = registered.options.trigger as Partial<HttpTrigger>;
  const path = `${routePrefix === '' ? '' : `/${routePrefix}`}/${(route ?? registered.name).replace(/^\/+/, '')}`;
  return { registered, methods: methods.map((method) => method.toUpperCase()), path, authLevel };
}
