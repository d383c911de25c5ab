import type { HistoryEvent } from '../core/history.js';
import { labelsFrom, labelsOf } from '../core/labels.js';
import type { OrchestratorShape } from '../core/names.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import { orchestrationAddress } from '../wire/addresses.js';
import { checkInstanceId, checkName } from '../wire/checks.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import { resultOfRun } from './ended-runs.js';
import { commandError, InstanceCommands } from './instance-commands.js';
import { anyRunOf, InstanceHandlers, type Target } from './instance-handlers.js';
import { InstanceFinder, nobodyTells, type FoundStatus } from './instance-finder.js';
import { InstanceReads, type StatusReading } from './instance-reads.js';
import { InstanceSearch } from './instance-search.js';
import { InstanceWatch, type StatusWatchOptions } from './instance-watch.js';
import { hasEnded, statusFor, type OrchestrationStatus } from './orchestration-status.js';
import {
  idOfKey,
  conditionsOf,
  meant,
  pendingStatus,
  type PreparedStart,
  type Start,
  type StartedRun,
} from './started-run.js';
import { traceOf, type OtlpTrace } from './traces.js';
import { checkTimeout, limitsOf, notInTime, type CallOptions, type WaitOptions } from './waits.js';

/** Behind a start of the last so many milliseconds an event is sent without a look. */
const FRESH = 1_000;

/** How an instance is started again. */
export interface RestartOptions extends CallOptions {
  /**
   * Whether the new run is another instance, beside the one whose orchestrator and input it takes: `true` for a new id, or
   * the id. That one need not have ended then. Default false: it is the same instance, which must have ended.
   */
  readonly newInstanceId?: boolean | string | undefined;
}

/** How the status of an instance is read. */
export interface StatusOptions extends CallOptions {
  /**
   * Whether input and output are told, which may be large and are fetched then. Default true; without them, `input` and
   * `output` are undefined.
   */
  readonly fetchInputsAndOutputs?: boolean | undefined;
  /** Whether the history is told too. Default false. */
  readonly fetchHistory?: boolean | undefined;
}

/** What a client does with orchestration instances, apart from waiting for their ends. */
export class Orchestrations {
  /** Finds instances. */
  readonly search: InstanceSearch;
  /** Queries and updates. */
  readonly handlers: InstanceHandlers;
  readonly #session: ClientSession;
  readonly #finder: InstanceFinder;
  readonly #timeout: number;
  /** What is asked of instances as a whole. */
  readonly commands: InstanceCommands;

  /** @param timeout how long to wait for an owner, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.handlers = new InstanceHandlers(session, timeout);
    this.#session = session;
    const reads = new InstanceReads(session);
    this.#finder = new InstanceFinder(session, reads);
    this.search = new InstanceSearch(session, reads, timeout);
    this.#timeout = timeout;
    this.commands = new InstanceCommands(session, timeout);
  }

  /** An orchestrator by its class or name. Throws DefinitionError or InvalidNameError. */
  shapeOf(orchestrator: string | Constructor): OrchestratorShape {
    if (typeof orchestrator !== 'string') return names.orchestrator(orchestrator);
    return { name: checkName(orchestrator, 'orchestrator') };
  }

  /** A start ready to be sent. Throws what is wrong with its input or its id. */
  prepared({ shape, input, options: given }: Start): PreparedStart {
    const isNamed = given.idempotencyKey !== undefined;
    const options = isNamed ? { ...given, instanceId: idOfKey(shape.name, given), ifExists: 'attach' as const } : given;
    const isGiven = options.instanceId !== undefined;
    const instanceId = isGiven ? checkInstanceId(options.instanceId) : this.#session.ports.random.id();
    const limits = limitsOf(options, this.#timeout);
    checkTimeout(limits.timeoutInMilliseconds);
    const conditions = conditionsOf(options, this.#session.ports.clock.now());
    const { name } = shape;
    const encoded = this.#session.encode(input, shape, name);
    const labels = labelsFrom(options, this.#session.values);
    return { shape, name, encoded, labels, instanceId, isGiven, conditions, limits };
  }

  /** Starts an instance. A new id is nobody's, so it has only to be stored; a given one has to be accepted. */
  async start(prepared: PreparedStart): Promise<Target> {
    const { shape, name, encoded, labels, instanceId, isGiven, conditions, limits } = prepared;
    const { inbox, ports, waits, names } = this.#session;
    const delivery: Delivery = { progress: 'unsent' };
    const late = () =>
      lateError(`The start of ${name} as "${instanceId}"`, limits.timeoutInMilliseconds, delivery, instanceId);
    const proposed = ports.random.id();
    const told = { runId: proposed, notify: inbox.notify };
    const message = { kind: 'start', name, ...encoded, ...labels, ...conditions, ...told } as const;
    const whole = isGiven ? { reply: inbox.reply, ...message } : message;
    const outcome = await waits.within<Outcome | undefined>(limits, late, (wait) => {
      const check = () => names.checkOrchestrator(name);
      return this.#session.send(orchestrationAddress(instanceId), whole, { check, wait, delivery, isCall: isGiven });
    });
    if (outcome?.failure) throw commandError(instanceId, outcome.failure);
    const runId = typeof outcome?.result === 'string' ? outcome.result : proposed;
    // Of a run that was there before, the end may be told, and forgotten, already.
    const storedAt = isGiven && conditions.ifExists === 'attach' ? 0 : ports.clock.now();
    return { instanceId, shape, run: { name, ...encoded, ...labels, storedAt, isSeen: isGiven, runId } };
  }

  /**
   * Starts the orchestrator of an instance again with the same input: as that instance once it has ended, or as another
   * one.
   */
  async restart(target: Target, options: RestartOptions): Promise<Target> {
    const { instanceId, shape, run } = target;
    const { newInstanceId = false, timeoutInMilliseconds, signal } = options;
    const seen = { ...target, run: run && { ...run, isSeen: true } };
    const { name, input, ...status } = await this.#found(seen, options, {}, (found) => found!.status);
    const encoded = input === undefined ? {} : { input };
    const labels = labelsOf(status);
    if (newInstanceId !== false) {
      const id = newInstanceId === true ? undefined : newInstanceId;
      const startOptions = { instanceId: id, timeoutInMilliseconds, signal };
      const prepared = this.prepared({ shape: { name }, input: undefined, options: startOptions }); // the input was accepted before
      return this.start({ ...prepared, ...(shape && { shape }), encoded, labels });
    }
    const result = await this.commands.ask(instanceId, { action: 'restart' }, run, options);
    const runId = typeof result === 'string' ? result : undefined;
    const storedAt = this.#session.ports.clock.now();
    return { instanceId, shape, run: { name, ...encoded, ...labels, storedAt, isSeen: true, runId } };
  }

  /** What an instance returns in the end. */
  result(instanceId: string, run: StartedRun | undefined, options: WaitOptions): Promise<unknown> {
    return resultOfRun(this.#session, instanceId, run, options);
  }

  /** Rejects with NotFoundError when an owner says that there is none, TimeoutError when nobody can tell. */
  status(target: Target, options: StatusOptions): Promise<OrchestrationStatus> {
    const { fetchHistory = false, fetchInputsAndOutputs } = options;
    return this.#found(target, options, { history: fetchHistory, fetchInputsAndOutputs }, (found) => {
      const { values } = this.#session;
      const status = found
        ? statusFor(found.status, found.source, values)
        : pendingStatus(target.instanceId, target.run!, values);
      return fetchHistory ? { ...status, history: found?.status.history ?? [] } : status;
    });
  }

  /** Each status of an instance that differs from the one before, until it has ended. */
  watch(target: Target, options: StatusWatchOptions): AsyncGenerator<OrchestrationStatus, void> {
    return new InstanceWatch(this.#session, this.#finder, target).statuses(options);
  }

  history(target: Target, options: CallOptions): Promise<readonly HistoryEvent[]> {
    const reading = { history: true, fetchInputsAndOutputs: false };
    return this.#found(target, options, reading, (found) => found?.status.history ?? []);
  }

  trace(target: Target, options: CallOptions): Promise<OtlpTrace> {
    const { waits, ports } = this.#session;
    const read = (instanceId?: string) =>
      this.history(instanceId === undefined ? target : anyRunOf(instanceId), options);
    const limits = limitsOf(options, this.#timeout);
    const late = () => notInTime(`The trace of "${target.instanceId}"`, limits);
    return waits.run(limits, late, () => traceOf(ports.name, target.instanceId, read));
  }

  /** False: the instance has ended, and nothing was sent. */
  raiseEvent({ instanceId, run }: Target, event: string, data: unknown, options: CallOptions): Promise<boolean> {
    const delivery: Delivery = { progress: 'unsent' };
    const limits = limitsOf(options, this.#timeout);
    const late = () => lateError(`The event for "${instanceId}"`, limits.timeoutInMilliseconds, delivery);
    let isIgnored = false;
    const sent = this.#session.waits.within<Outcome | undefined>(limits, late, async (wait) => {
      const address = orchestrationAddress(instanceId);
      const name = checkName(event, 'event');
      const message = {
        kind: 'event',
        name,
        ...meant(run),
        ...this.#session.encode(data, undefined, name),
      } as const;
      const look = async () => {
        const found = await this.#finder.find(instanceId, run, wait);
        isIgnored = found !== undefined && hasEnded(found.status);
        if (isIgnored) wait.succeed(undefined); // and nothing is sent
      };
      // A start of this client that no owner has shown yet is stored before the event, in the same channel. If that is long
      // ago the run may have ended, and another one have taken its place.
      const isFresh = run?.isSeen === false && this.#session.ports.clock.now() - run.storedAt < FRESH;
      const check = () => (isFresh ? undefined : look());
      await this.#session.send(address, message, { check, wait, delivery });
    });
    return sent.then(() => !isIgnored);
  }

  /** Looks for an instance within the caller's time, or the client's, and makes something of it. */
  #found<T>(
    { instanceId, run }: Target,
    options: CallOptions,
    reading: StatusReading,
    tell: (found: FoundStatus | undefined) => T,
  ): Promise<T> {
    const { waits, ports } = this.#session;
    const limits = limitsOf(options, this.#timeout);
    const late = () => nobodyTells(instanceId, ports.name, limits.timeoutInMilliseconds);
    return waits.run<T>(limits, late, async (wait) => tell(await this.#finder.find(instanceId, run, wait, reading)));
  }
}
