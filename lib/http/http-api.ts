import type { OrchestratorObject } from '../core/proxies.js';
import type { Constructor } from '../core/values.js';
import { checkStatusResponse, originNamedBy, waitTimeOf, type HttpWaitOptions } from '../client/http-responses.js';
import { atLeastOne, basePathOf, checkKey, originOf } from '../client/http-settings.js';
import { checkLinkedId, ManagementUrls, type HttpManagementPayload } from '../client/management-urls.js';
import type { TaskHubClient } from '../client/task-hub-client.js';
import { UrlSigner } from '../client/url-signer.js';
import { names } from '../definitions/names.js';
import { ConfigError, RefusedRequestError } from '../errors.js';
import { Authorization } from './authorization.js';
import { jsonOf } from './body.js';
import { waitedResponse } from './check-status.js';
import { controlRoutes } from './control-routes.js';
import { Doors } from './doors.js';
import { entityRoutes } from './entity-routes.js';
import { instanceRoutes } from './instance-routes.js';
import { checkedInput, KnownClasses } from './known-classes.js';
import { limitsOf, type HttpApiOptions, type HttpAuthOptions } from './options.js';
import { problemOf, problemResponse, type Problem } from './problem.js';
import { Router } from './router.js';
import type { Service } from './service.js';
import { serviceRoutes } from './service-routes.js';
import { startRoutes } from './start-routes.js';
import { WaitPlaces } from './wait-places.js';

const DAY = 86_400_000;

/** What an instance that a request starts is called. */
export interface HttpStartOptions {
  /** The instance's id. Default: a new one. */
  readonly instanceId?: string | undefined;
}

/**
 * The HTTP management API of a task hub, as Durable Functions has it, on a client: `fetch` takes a request and gives the answer, in any
 * server and runtime that knows `Request` and `Response`.
 *
 * @example
 * ```ts
 * import { connectTaskHub, TaskHubClient } from 'perdure';
 * import { HttpApi } from 'perdure/http';
 * import { serveHttpApi } from 'perdure/http/node';
 *
 * const hub = await connectTaskHub({ name: 'bank' });
 * const api = new HttpApi(new TaskHubClient(hub), { auth: { keys: [process.env['API_KEY'] ?? ''] } });
 * const server = await serveHttpApi(api, { port: 7071 });
 * console.log(`${server.url}${api.basePath}/instances`);
 * ```
 */
export class HttpApi {
  /** What stands before all routes. */
  readonly basePath: string;
  /** Whether requests need credentials. Without, `serveHttpApi` listens on the loopback device only. */
  readonly isProtected: boolean;
  /** How long a body may take to come, in milliseconds: a server in front of it that gives up earlier answers in its place. */
  readonly bodyTimeoutInMilliseconds: number;
  readonly #router: Router;
  readonly #service: Service;
  readonly #doors: Doors;
  readonly #publicOrigin: string | undefined;
  readonly #onError: (error: unknown, requestId: string) => void;

  /**
   * Makes the API on a client, which it does not close.
   *
   * @throws {ConfigError} for an option that cannot work
   * @throws {DefinitionError} for a class that is no orchestrator or no entity
   */
  constructor(client: TaskHubClient, options: HttpApiOptions = {}) {
    const { auth = {}, publicUrl, allowedHosts = [], allowedOrigins = [], orchestrators = [], entities = [] } = options;
    const { authorization, signer } = authorizationOf(auth, client.taskHubName);
    this.basePath = basePathOf(options.basePath);
    this.#publicOrigin = publicUrl === undefined ? undefined : originOf('publicUrl', publicUrl);
    this.isProtected = authorization.isRequired;
    const limits = limitsOf(options.limits);
    this.bodyTimeoutInMilliseconds = limits.bodyTimeoutInMilliseconds;
    this.#service = {
      client,
      classes: new KnownClasses(orchestrators as readonly Constructor[], entities),
      urls: new ManagementUrls(this.basePath, client.taskHubName, this.isProtected ? signer : undefined),
      limits,
      places: new WaitPlaces(limits.maxWaits),
      basePath: this.basePath,
      origin: (request) => this.#originOf(request),
      problemOf: (error) => this.#problemOf(error),
    };
    const hosts =
      this.#publicOrigin === undefined ? allowedHosts : [...allowedHosts, new URL(this.#publicOrigin).hostname];
    this.#doors = new Doors(
      hosts,
      allowedOrigins.map((origin, at) => originOf(`allowedOrigins[${at}]`, origin)),
    );
    const routes = [...startRoutes, ...instanceRoutes, ...controlRoutes, ...entityRoutes];
    this.#router = new Router([...routes, ...serviceRoutes(routes)], this.#service, this.#doors, authorization);
    this.#onError = options.onError ?? tellOnStandardError;
  }

  /** Answers a request; what goes wrong is an answer too, and it never rejects. May be passed on as a function of its own. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const response = await this.#answered(request, () => this.#router.route(request));
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
    for (const [name, value] of Object.entries({ ...headers, ...this.#doors.headersFor(request) }))
      response.headers.set(name, value);
    return response;
  };

  /**
   * Starts an instance as a request asks, with the JSON in its body as input, and answers where to look for its end: the starter of
   * the original, in a route of your own. What goes wrong is an answer too. Who may ask is left to your route.
   *
   * @example
   * ```ts
   * import type { HttpApi } from 'perdure/http';
   *
   * // POST https://shop.example.com/orchestrators/order
   * export function starter(api: HttpApi, request: Request): Promise<Response> {
   *   return api.httpStart(request, new URL(request.url).pathname.split('/').at(-1)!);
   * }
   * ```
   */
  httpStart(
    request: Request,
    orchestrator: string | (new () => OrchestratorObject),
    options: HttpStartOptions = {},
  ): Promise<Response> {
    return this.#answered(request, async () => {
      if (request.method !== 'POST') throw new RefusedRequestError(405, 'Post it.', { allow: 'POST' });
      const { client, classes, limits } = this.#service;
      if (options.instanceId !== undefined) checkLinkedId(options.instanceId);
      const shape =
        typeof orchestrator === 'string'
          ? { name: orchestrator, ...classes.orchestrators.get(orchestrator) }
          : names.orchestrator(orchestrator as Constructor);
      const input = checkedInput(await jsonOf(request, limits), shape, shape.name);
      const { instanceId } = await client.startNew(shape.name, input, { instanceId: options.instanceId });
      return this.createCheckStatusResponse(request, instanceId);
    });
  }

  /**
   * The URLs by which an instance is looked at and managed, each signed where the API needs credentials. Without a request they begin
   * with `publicUrl`.
   *
   * @throws {InvalidIdError} for an id that is none
   * @throws {ConfigError} when there is neither a request nor `publicUrl`
   */
  async createHttpManagementPayload(instanceId: string, request?: Request): Promise<Required<HttpManagementPayload>> {
    const origin = request ? this.#originOf(request) : this.#publicOrigin;
    if (origin !== undefined) return this.#service.urls.payload(origin, instanceId);
    throw new ConfigError('publicUrl: is needed to make URLs without a request.');
  }

  /**
   * The answer 202 that says where to look for the end of an instance, and when.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async createCheckStatusResponse(request: Request, instanceId: string): Promise<Response> {
    return checkStatusResponse(await this.createHttpManagementPayload(instanceId, request));
  }

  /**
   * What an instance returns, as the body of a 200, when it ends in time: of one that was canceled or terminated how it stands, of one that
   * failed the same with 500. Otherwise as `createCheckStatusResponse`. What goes wrong is an answer too.
   *
   * @throws {ConfigError} for a timeout that is none, or shorter than the interval
   */
  async waitForCompletionOrCreateCheckStatusResponse(
    request: Request,
    instanceId: string,
    options: HttpWaitOptions = {},
  ): Promise<Response> {
    const timeout = waitTimeOf(options);
    return this.#answered(request, () => {
      const handle = this.#service.client.getHandle(instanceId);
      return waitedResponse(this.#service, request, handle, timeout);
    });
  }

  #originOf(request: Request): string {
    return this.#publicOrigin ?? originNamedBy(request);
  }

  #problemOf(error: unknown, request?: Request): Problem {
    const requestId = crypto.randomUUID();
    const isLeft = request?.signal.aborted ?? false; // whatever broke off with that is no fault
    const problem = problemOf(error, requestId);
    if (problem.code === undefined && !isLeft) this.#tell(error, requestId); // it is nobody's but ours to know
    return problem;
  }

  /** Whatever the user's function does, the request is answered. */
  #tell(error: unknown, requestId: string): void {
    try {
      this.#onError(error, requestId);
    } catch (other) {
      tellOnStandardError(error, requestId);
      tellOnStandardError(other, requestId);
    }
  }

  async #answered(request: Request, run: () => Promise<Response>): Promise<Response> {
    try {
      return await run();
    } catch (error) {
      const headers = error instanceof RefusedRequestError ? error.headers : {};
      return problemResponse(this.#problemOf(error, request), headers);
    }
  }
}

/** Throws ConfigError. */
function authorizationOf(
  { keys: given = [], authorize, signingKey, urlLifetimeInMilliseconds }: HttpAuthOptions,
  hub: string,
): { readonly authorization: Authorization; readonly signer: UrlSigner | undefined } {
  if (signingKey !== undefined && given.length === 0 && !authorize)
    throw new ConfigError(
      'auth.signingKey: signed URLs need keys or authorize beside them, for without one everybody is let in',
    );
  const keys = given.map((key, at) => checkKey(`auth.keys[${at}]`, key));
  const secret = signingKey === undefined ? keys[0] : checkKey('auth.signingKey', signingKey);
  const lifetime = atLeastOne('auth.urlLifetimeInMilliseconds', urlLifetimeInMilliseconds, DAY);
  const signer = secret === undefined ? undefined : new UrlSigner(hub, secret, lifetime);
  return { authorization: new Authorization({ keys, authorize, signer }), signer };
}

function tellOnStandardError(error: unknown, requestId: string): void {
  console.error(`HTTP API: request ${requestId} failed:`, error);
}
