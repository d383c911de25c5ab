import type { OrchestratorObject, StartArguments } from '../core/proxies.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import type { HubPorts } from '../engine/ports.js';
import { Administration } from './administration.js';
import { ClientSession } from './client-session.js';
import { Entities } from './entities.js';
import { EntityQueries } from './entity-queries.js';
import { EntityAccess } from './entity-access.js';
import { HttpResponses, type HttpUrlOptions, type HttpWaitOptions } from './http-responses.js';
import { targetOf } from './instance-handlers.js';
import type { HttpManagementPayload } from './management-urls.js';
import { allSent, inPlace } from './many.js';
import { findNamesWithoutWorker, type NamesWithoutWorker } from './names-without-worker.js';
import { OrchestrationHandle, type HandleOf, type HandleOptions } from './orchestration-handle.js';
import { Orchestrations } from './orchestrations.js';
import { Schedules } from './schedules.js';
import type { PreparedStart, StartOptions } from './started-run.js';
import { checkTimeout, limitsOf, notInTime, type CallOptions } from './waits.js';

/** How a client waits. */
export interface TaskHubClientOptions {
  /**
   * How long a call, a start, a signal or an event waits until it is answered or stored, and a look at an instance for
   * somebody who can tell of it, in milliseconds: 0 or more, also Infinity. Default 30,000.
   */
  readonly timeoutInMilliseconds?: number | undefined;
  /** The HTTP API whose URLs it tells, as `createHttpManagementPayload` does. Default: one as it is by default, unsigned. */
  readonly http?: HttpUrlOptions | undefined;
}

/** A connection to a task hub, as `connectTaskHub` makes it. */
interface ConnectedHub {
  readonly ports: HubPorts;
}

/** Classes of orchestrators. */
type OrchestratorClass<O extends OrchestratorObject> = new () => O;

const DEFAULT_TIMEOUT = 30_000;

/**
 * Starts orchestrations and talks to entities. Everything it sends to one partition travels in the order of the calls
 * and takes effect exactly once: what it does not know to be stored it sends again, numbered. Inputs are validated and
 * encoded before anything is sent, so what is refused stores nothing.
 *
 * @example
 * ```ts
 * import { connectTaskHub, TaskHubClient } from 'perdure';
 * import { Entity, Operation } from 'perdure/decorators';
 *
 * @Entity('counter')
 * class Counter {
 *   state = 0;
 *   @Operation() add(amount: number): number {
 *     return (this.state += amount);
 *   }
 * }
 *
 * await using hub = await connectTaskHub({ name: 'counters' });
 * await using client = new TaskHubClient(hub);
 * await client.signalEntity(Counter, 'visits').add(1); // stored
 * console.log(await client.callEntity(Counter, 'visits').add(1)); // carried out: 2
 * const report = await client.startNew<string>('report', { counter: 'visits' });
 * console.log(await report.result());
 * ```
 */
export class TaskHubClient extends EntityAccess implements AsyncDisposable {
  /** Starts orchestrations at times: `client.schedules.create('nightly', { cron: '0 3 * * *', start: [Report] })`. */
  readonly schedules: Schedules;
  /** Finds entities and looks at them: `client.entities.list({ entity: Counter })`, `client.entities.watch(Counter, 'visits')`. */
  readonly entities: EntityQueries;
  /** The name of its task hub. */
  readonly taskHubName: string;
  readonly #session: ClientSession;
  readonly #orchestrations: Orchestrations;
  readonly #timeout: number;
  readonly #responses: HttpResponses;

  /**
   * Makes a client on a connection, which it does not close.
   *
   * @throws {ConfigError} for a timeout that is none, and options of `http` that cannot work
   */
  constructor(hub: ConnectedHub, options: TaskHubClientOptions = {}) {
    const { timeoutInMilliseconds = DEFAULT_TIMEOUT } = options;
    checkTimeout(timeoutInMilliseconds);
    const session = new ClientSession(hub.ports);
    const orchestrations = new Orchestrations(session, timeoutInMilliseconds);
    const entities = new Entities(session, timeoutInMilliseconds);
    super(orchestrations, new Administration(session, timeoutInMilliseconds), entities);
    this.taskHubName = hub.ports.name;
    this.#session = session;
    this.#timeout = timeoutInMilliseconds;
    this.#responses = new HttpResponses(hub.ports.name, options.http);
    this.#orchestrations = orchestrations;
    this.entities = new EntityQueries(session, entities, timeoutInMilliseconds);
    this.schedules = new Schedules(this.#session, this.#orchestrations, entities, timeoutInMilliseconds);
  }

  /**
   * Starts an orchestration instance. Resolves when the start is stored; with a given id, when its owner has accepted
   * it. From then on this client finds it by its id; without a given one, others may have to wait for its owner to take it.
   *
   * @throws {InstanceExistsError} when an instance of the given id has not ended, unless `ifExists` says otherwise
   * @throws {UnknownOrchestratorError} when no worker has ever registered the name
   * @throws {InvalidInputError} when the input does not fit its DTO class
   * @throws {UnserializableError} for an input that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {PayloadTooLargeError} for an input of more than the hub's `maxValueBytes`, 16 MiB by default, and a long memo
   * @throws {InvalidIdError} for an id that is none; InvalidTagsError for tags, InvalidNameError for a version
   * @throws {ConfigError} for options that are none; InvalidTimeError for a `startAt` that is none
   * @throws {DefinitionError} for a class without `@Orchestrator`
   * @throws {TimeoutError} when there was no answer in time; its text says whether the start is stored
   * @throws {StorageFullError} when the server has no room for it
   * @throws {SessionExpiredError} when its process slept with the start on its way, or there are too many clients
   * @throws {ClosedError} when the client or the connection is closed
   */
  startNew<O extends OrchestratorObject>(
    orchestrator: OrchestratorClass<O>,
    ...args: StartArguments<O, StartOptions>
  ): Promise<HandleOf<O>>;
  /**
   * The same by name, for callers that do not have the class; the input is validated where it arrives, and one that
   * does not fit fails the instance.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  startNew<T = unknown>(orchestrator: string, input?: unknown, options?: StartOptions): Promise<OrchestrationHandle<T>>;
  async startNew(
    orchestrator: string | OrchestratorClass<OrchestratorObject>,
    input?: unknown,
    options: StartOptions = {},
  ): Promise<OrchestrationHandle> {
    const shape = this.#orchestrations.shapeOf(orchestrator as string | Constructor);
    return this.#start(this.#orchestrations.prepared({ shape, input, options }));
  }

  /**
   * Starts many orchestration instances, each given as the arguments of a `startNew`: its input, then its options. All
   * inputs and ids are checked before anything is sent. Resolves when all starts are stored or, with given ids, accepted.
   *
   * @example
   * ```ts
   * import { OrchestrationContext, TaskHubClient, type Orchestration } from 'perdure';
   * import { Orchestrator, Run } from 'perdure/decorators';
   *
   * @Orchestrator('greeting')
   * class Greeting {
   *   @Run() *run(city: string, _context: OrchestrationContext): Orchestration<string> {
   *     return `Hello, ${city}!`;
   *   }
   * }
   *
   * export async function greetAll(client: TaskHubClient): Promise<string[]> {
   *   const handles = await client.startMany(Greeting, [['Oslo'], ['Rome', { instanceId: 'rome' }]]);
   *   return Promise.all(handles.map((handle) => handle.result()));
   * }
   * ```
   *
   * @throws {PartlySentError} when some could not be started: it has the handle or the error of each
   * @throws what `startNew` throws for an input, an id or a name; nothing is sent then, and the text says which it is
   */
  startMany<O extends OrchestratorObject>(
    orchestrator: OrchestratorClass<O>,
    starts: Iterable<StartArguments<O, StartOptions>>,
    options?: CallOptions,
  ): Promise<HandleOf<O>[]>;
  /** The same by name; each input is validated where it arrives. Rejects likewise. */
  startMany<T = unknown>(
    orchestrator: string,
    starts: Iterable<readonly [input?: unknown, options?: StartOptions]>,
    options?: CallOptions,
  ): Promise<OrchestrationHandle<T>[]>;
  async startMany(
    orchestrator: string | OrchestratorClass<OrchestratorObject>,
    starts: Iterable<readonly [input?: unknown, options?: StartOptions]>,
    ofAll: CallOptions = {},
  ): Promise<OrchestrationHandle[]> {
    const shape = this.#orchestrations.shapeOf(orchestrator as string | Constructor);
    const prepared = Array.from(starts, ([input, own = {}], at) => {
      const { timeoutInMilliseconds = ofAll.timeoutInMilliseconds, signal = ofAll.signal } = own;
      const options = { ...own, timeoutInMilliseconds, signal };
      return inPlace(`starts[${at}]`, () => this.#orchestrations.prepared({ shape, input, options }));
    });
    return allSent(prepared.map((start) => this.#start(start)));
  }

  async #start(prepared: PreparedStart): Promise<OrchestrationHandle> {
    return new OrchestrationHandle(this.#orchestrations, await this.#orchestrations.start(prepared));
  }

  /**
   * The handle of an instance by its id; the class gives the result, queries and updates their types, and nothing is
   * asked yet.
   *
   * @throws {InvalidIdError} for an id, or the id of a run, that is none
   * @throws {DefinitionError} for a class without `@Orchestrator`
   */
  getHandle<O extends OrchestratorObject>(
    orchestrator: OrchestratorClass<O>,
    instanceId: string,
    options?: HandleOptions,
  ): HandleOf<O>;
  /**
   * The same without the class: the type of the result is the caller's word. Throws likewise.
   */
  getHandle<T = unknown>(instanceId: string, options?: HandleOptions): OrchestrationHandle<T>;
  getHandle(
    first: string | OrchestratorClass<OrchestratorObject>,
    second?: string | HandleOptions,
    third?: HandleOptions,
  ): OrchestrationHandle {
    const [type, id, options] = typeof first === 'string' ? [undefined, first, second] : [first, second, third];
    const target = targetOf(id, options as HandleOptions | undefined);
    const shape = type && names.orchestrator(type as Constructor);
    return new OrchestrationHandle(this.#orchestrations, { ...target, shape });
  }

  /**
   * Raises an external event; resolves as `OrchestrationHandle.raiseEvent`, false: the instance has ended. Rejects likewise.
   *
   * @throws {InvalidIdError} at once, for an id that is none
   */
  async raiseEvent(instanceId: string, name: string, data?: unknown, options: CallOptions = {}): Promise<boolean> {
    return this.getHandle(instanceId).raiseEvent(name, data, options);
  }

  /**
   * The names that workers of the hub have registered, or that something waits for, and no worker that lives has now: with
   * how many instances, or calls of an activity, wait for each. Nothing of them is lost or failed; they go on as soon as a
   * worker with the name starts. It looks at the calls in the work queues, at most 100 of each.
   *
   * @throws {CorruptHistoryError} when the hub's list of names cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed
   */
  namesWithoutWorker(options: CallOptions = {}): Promise<NamesWithoutWorker> {
    const { ports, queries, waits } = this.#session;
    const limits = limitsOf(options, this.#timeout);
    const late = () => notInTime('Which names no worker has', limits);
    return waits.run(limits, late, () => findNamesWithoutWorker(ports, queries));
  }

  /**
   * The URLs by which an instance is looked at and managed over HTTP, as an `HttpApi` or `perdure http` serves them: each signed
   * when the client has the `signingKey`. Without a request they begin with `publicUrl`.
   *
   * @throws {InvalidIdError} for an id that is none
   * @throws {ConfigError} when there is neither a request nor `http.publicUrl`
   */
  createHttpManagementPayload(instanceId: string, request?: Request): Promise<Required<HttpManagementPayload>> {
    return this.#responses.payload(instanceId, request);
  }

  /**
   * The answer 202 to a request that has started an instance: it says where to look for the end, and when.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  createCheckStatusResponse(request: Request, instanceId: string): Promise<Response> {
    return this.#responses.checkStatus(request, instanceId);
  }

  /**
   * What an instance returns, as the body of a 200, when it ends in time: of one that was canceled or terminated how it stands, of one
   * that failed the same with 500. Otherwise as `createCheckStatusResponse`.
   *
   * @throws {ConfigError} for a timeout that is none, or shorter than the interval
   * @throws what `status` of a handle throws; the reason of the request's signal when that is aborted
   */
  async waitForCompletionOrCreateCheckStatusResponse(
    request: Request,
    instanceId: string,
    options: HttpWaitOptions = {},
  ): Promise<Response> {
    return this.#responses.ended(request, this.getHandle(instanceId), options);
  }

  /**
   * Ends the client: whatever waits rejects with ClosedError, and what is not stored by then is not sent again. Its
   * sessions are ended. The hub's connection stays.
   */
  close(): Promise<void> {
    this.#session.close('The client was closed.');
    return Promise.resolve();
  }

  /** As `close`, at the end of the block of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
