import { timingSafeEqual, createHash } from 'node:crypto';
import { TaskHubClient } from '../../client/task-hub-client.js';
import { HttpApi } from '../../http/http-api.js';
import type { TaskHub } from '../../nats/task-hub.js';
import { TaskHubWorker } from '../../worker/task-hub-worker.js';
import { DurableClient } from '../durable/durable-client.js';
import { hostedFunctions } from '../durable/hosted.js';
import { MANAGED_IDENTITY } from '../durable/http-calls.js';
import { AppStartContext, AppTerminateContext, hooksOf } from '../functions/hook.js';
import type { InvocationContext } from '../functions/invocation-context.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import { canonicalPath } from './canonical-path.js';
import { CrossOrigin } from './cross-origin.js';
import type { HostSettings } from './host-json.js';
import { HttpFunctions, type HttpFunction } from './http-functions.js';
import { Invocations, type WriteLine } from './invocations.js';
import { managedIdentity } from './managed-identity.js';
import { ManagementLinks } from './management-links.js';
import { checkSupported } from './supported-functions.js';
import { TimerClaims } from './timer-claims.js';
import { TimerFunctions } from './timer-functions.js';

/** What an app runs on. */
export interface FunctionAppOptions {
  readonly settings: HostSettings;
  readonly functions: readonly RegisteredFunction[];
  /** Where the host listens, such as `http://localhost:7071`. */
  readonly origin: string;
  /** Of the host; none: who can reach it may ask. */
  readonly keys: readonly string[];
  /** Under which the management API is asked. */
  readonly allowedHosts: readonly string[];
  /** Of pages that may ask; `*`: any may ask functions. */
  readonly allowedOrigins: readonly string[];
  readonly write: WriteLine;
  /** Opens another task hub. */
  hubOf(name: string): Promise<TaskHub>;
}

/** An app of functions on a task hub: its durable functions in a worker, its others as requests and times call them. */
export class FunctionApp {
  readonly #hub: TaskHub;
  readonly #client: TaskHubClient;
  readonly #others = new Map<string, Promise<TaskHubClient>>();
  readonly #options: FunctionAppOptions;
  readonly #api: HttpApi;
  readonly #http: HttpFunctions;
  readonly #crossOrigin: CrossOrigin;
  readonly #timers: TimerFunctions;
  readonly #invocations: Invocations;
  #worker: TaskHubWorker | undefined;

  /** Throws ConfigError for functions that cannot run here. */
  constructor(hub: TaskHub, options: FunctionAppOptions) {
    const { settings, functions, keys, origin } = options;
    checkSupported(functions);
    this.#hub = hub;
    this.#options = options;
    this.#client = new TaskHubClient(hub);
    this.#crossOrigin = new CrossOrigin(options.allowedOrigins);
    const { allowedHosts } = options;
    const allowedOrigins = this.#crossOrigin.listed; // whatever `*` lets in, it is not to manage the hub
    this.#api = new HttpApi(this.#client, { auth: { keys }, allowedHosts, allowedOrigins });
    const links = new ManagementLinks(hub.name, this.#api.basePath, keys[0]);
    const durable = new DurableClient({
      client: this.#client,
      clientOf: (name) => this.#clientOf(name),
      origin,
      payload: (at, id) => links.payload(at, id),
      replacesRunning: settings.replacesRunning,
    });
    this.#invocations = new Invocations(options.write, () => durable);
    const onError = (context: InvocationContext, error: unknown): void => this.#tell(context, error);
    const hasKey = (request: Request): boolean => isOneOf(keys, keyOf(request));
    this.#http = new HttpFunctions(functions, settings.routePrefix, this.#invocations, { hasKey, onError });
    this.#timers = new TimerFunctions(functions, this.#client, this.#invocations, onError);
  }

  /** The functions that answer requests. */
  get httpFunctions(): readonly HttpFunction[] {
    return this.#http.list;
  }

  /** Takes up work. Throws what `TaskHubWorker.start` throws. */
  async start(): Promise<void> {
    const { functions, settings } = this.#options;
    const context = new AppStartContext();
    for (const hook of hooksOf('appStart')) await hook(context);
    const hosted = hostedFunctions(functions, {
      contextOf: this.#invocations.contextOf,
      invoke: this.#invocations.invoke,
      pollingIntervalInMilliseconds: settings.pollingInterval,
      version: settings.version,
      versionMatchStrategy: settings.versionMatchStrategy,
      timeoutInMilliseconds: settings.functionTimeout,
    });
    this.#worker = await TaskHubWorker.start(this.#hub, {
      ...hosted,
      entities: [...(hosted.entities ?? []), ...(this.#timers.areThere ? [TimerClaims] : [])],
      maxConcurrentActivities: settings.maxConcurrentActivities,
      valueDifferences: 'warn',
      http: { tokenSources: { [MANAGED_IDENTITY]: managedIdentity } },
    });
    await this.#warmUp();
    this.#timers.start();
  }

  /** Answers a request: to a function, or to the management API. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith(`${this.#api.basePath}/`))
      return this.#api.fetch(canonicalPath(request, this.#api.basePath));
    const preflight = this.#crossOrigin.preflight(request);
    if (preflight) return preflight;
    const answer = (await this.#http.answer(request)) ?? new Response(null, { status: 404 });
    return this.#crossOrigin.readable(request, answer);
  };

  /** Rejects when the worker ends by itself. */
  async ended(): Promise<void> {
    await this.#worker?.untilStopped();
  }

  /** Stops in good order. */
  async stop(): Promise<void> {
    this.#timers.stop();
    await this.#worker?.stop();
    const context = new AppTerminateContext();
    for (const hook of hooksOf('appTerminate')) await hook(context);
    for (const other of this.#others.values()) await (await other).close();
    await this.#client.close();
  }

  async #warmUp(): Promise<void> {
    for (const registered of this.#options.functions) {
      if (registered.options.trigger.type !== 'warmupTrigger') continue;
      const context = this.#invocations.contextOf(registered);
      await this.#invocations.invoke(registered, context, {}).catch((error: unknown) => this.#tell(context, error));
    }
  }

  #clientOf(name: string): Promise<TaskHubClient> {
    const known = this.#others.get(name);
    if (known) return known;
    const opened = this.#options.hubOf(name).then((hub) => new TaskHubClient(hub));
    this.#others.set(name, opened);
    return opened;
  }

  #tell({ functionName }: InvocationContext, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.write('error', `Function '${functionName}' failed: ${text}`, functionName);
  }
}

/** Of a function: in its header, or as the original has it, in the query. */
function keyOf(request: Request): string {
  return request.headers.get('x-functions-key') ?? new URL(request.url).searchParams.get('code') ?? '';
}

/** Without keys everybody may ask, as in the original on a machine of one's own. */
function isOneOf(keys: readonly string[], given: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return keys.length === 0 || keys.some((key) => timingSafeEqual(hash(key), hash(given)));
}
