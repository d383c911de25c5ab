import type { HistoryEvent } from '../core/history.js';
import { labelsFrom, labelsOf } from '../core/labels.js';
import type { OrchestratorShape } from '../core/names.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import { InstanceReplacedError, NotFoundError, TimeoutError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import { checkInstanceId, checkName } from '../wire/checks.js';
import type { InstanceStatus } from '../wire/queries.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import { resultOfRun } from './ended-runs.js';
import { commandError, InstanceCommands } from './instance-commands.js';
import { InstanceHandlers, type Target } from './instance-handlers.js';
import { InstanceReads, type ReadSource } from './instance-reads.js';
import { InstanceSearch } from './instance-search.js';
import { hasEnded, statusFor, type OrchestrationStatus } from './orchestration-status.js';
import { whenOwnMailIsTaken } from './own-mail.js';
import {
  conditionsOf,
  isOf,
  meant,
  pendingStatus,
  type PreparedStart,
  type Start,
  type StartedRun,
} from './started-run.js';
import { checkTimeout, type Wait, type WaitOptions } from './waits.js';

/** Behind a start of the last so many milliseconds an event is sent without a look. */
const FRESH = 1_000;
/** The wait before an instance is looked for again that nobody could tell of, in milliseconds. */
const LOOK_AGAIN = 250;

/** How an instance is started again. */
export interface RestartOptions {
  /**
   * Whether the new run is another instance, beside the one whose orchestrator and input it takes: `true` for a new id, or
   * the id. That one need not have ended then. Default false: it is the same instance, which must have ended.
   */
  readonly newInstanceId?: boolean | string | undefined;
}

/** What a client does with orchestration instances, apart from waiting for their ends. */
export class Orchestrations {
  /** Finds instances. */
  readonly search: InstanceSearch;
  /** Queries and updates. */
  readonly handlers: InstanceHandlers;
  readonly #session: ClientSession;
  readonly #reads: InstanceReads;
  readonly #timeout: number;
  /** What is asked of instances as a whole. */
  readonly commands: InstanceCommands;

  /** @param timeout how long to wait for an owner, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.handlers = new InstanceHandlers(session, timeout);
    this.#session = session;
    this.#reads = new InstanceReads(session);
    this.search = new InstanceSearch(session, this.#reads, timeout);
    this.#timeout = timeout;
    this.commands = new InstanceCommands(session, timeout);
  }

  /** An orchestrator by its class or name. Throws DefinitionError or InvalidNameError. */
  shapeOf(orchestrator: string | Constructor): OrchestratorShape {
    if (typeof orchestrator !== 'string') return names.orchestrator(orchestrator);
    return { name: checkName(orchestrator, 'orchestrator') };
  }

  /** A start ready to be sent. Throws what is wrong with its input or its id. */
  prepared({ shape, input, options }: Start): PreparedStart {
    const isGiven = options.instanceId !== undefined;
    const instanceId = isGiven ? checkInstanceId(options.instanceId) : this.#session.ports.random.id();
    const { timeoutInMilliseconds = this.#timeout } = options;
    checkTimeout(timeoutInMilliseconds);
    const conditions = conditionsOf(options, this.#session.ports.clock.now());
    const { name } = shape;
    const encoded = this.#session.encode(input, shape, name);
    const labels = labelsFrom(options, this.#session.values);
    return { shape, name, encoded, labels, instanceId, isGiven, conditions, timeoutInMilliseconds };
  }

  /** Starts an instance. A new id is nobody's, so it has only to be stored; a given one has to be accepted. */
  async start(prepared: PreparedStart): Promise<Target> {
    const { shape, name, encoded, labels, instanceId, isGiven, conditions, timeoutInMilliseconds } = prepared;
    const { inbox, ports, waits, names } = this.#session;
    const delivery: Delivery = { progress: 'unsent' };
    const late = () =>
      lateError(`The start of ${name} as "${instanceId}"`, timeoutInMilliseconds, delivery, instanceId);
    const proposed = ports.random.id();
    const told = { runId: proposed, notify: inbox.notify };
    const message = { kind: 'start', name, ...encoded, ...labels, ...conditions, ...told } as const;
    const whole = isGiven ? { reply: inbox.reply, ...message } : message;
    const outcome = await waits.within<Outcome | undefined>({ timeoutInMilliseconds }, late, (wait) => {
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
  async restart({ instanceId, shape, run }: Target, { newInstanceId = false }: RestartOptions): Promise<Target> {
    const { name, input, ...status } = await this.#session.waits.whileOpen<InstanceStatus>(async (wait) => {
      const found = await this.#find(instanceId, run && { ...run, isSeen: true }, wait);
      return found!.status;
    });
    const encoded = input === undefined ? {} : { input };
    const labels = labelsOf(status);
    if (newInstanceId !== false) {
      const id = newInstanceId === true ? {} : { instanceId: newInstanceId };
      const prepared = this.prepared({ shape: { name }, input: undefined, options: id }); // the input was accepted before
      return this.start({ ...prepared, ...(shape && { shape }), encoded, labels });
    }
    const result = await this.commands.ask(instanceId, { action: 'restart' }, run);
    const runId = typeof result === 'string' ? result : undefined;
    const storedAt = this.#session.ports.clock.now();
    return { instanceId, shape, run: { name, ...encoded, ...labels, storedAt, isSeen: true, runId } };
  }

  /** What an instance returns in the end. */
  result(instanceId: string, run: StartedRun | undefined, options: WaitOptions): Promise<unknown> {
    return resultOfRun(this.#session, instanceId, run, options);
  }

  /** Rejects with NotFoundError when an owner says that there is none, TimeoutError when nobody can tell. */
  status(instanceId: string, run: StartedRun | undefined): Promise<OrchestrationStatus> {
    return this.#session.waits.whileOpen(async (wait) => {
      const found = await this.#find(instanceId, run, wait);
      const { values } = this.#session;
      return found ? statusFor(found.status, found.source, values) : pendingStatus(instanceId, run!, values);
    });
  }

  history(instanceId: string, run: StartedRun | undefined): Promise<readonly HistoryEvent[]> {
    return this.#session.waits.whileOpen(async (wait) => {
      const found = await this.#find(instanceId, run, wait, { history: true });
      return found?.status.history ?? [];
    });
  }

  /** False: the instance has ended, and nothing was sent. */
  raiseEvent(instanceId: string, event: string, data: unknown, run: StartedRun | undefined): Promise<boolean> {
    const delivery: Delivery = { progress: 'unsent' };
    const options = { timeoutInMilliseconds: this.#timeout };
    const late = () => lateError(`The event for "${instanceId}"`, this.#timeout, delivery);
    let isIgnored = false;
    const sent = this.#session.waits.within<Outcome | undefined>(options, late, async (wait) => {
      const address = orchestrationAddress(instanceId);
      const name = checkName(event, 'event');
      const message = {
        kind: 'event',
        name,
        ...meant(run),
        ...this.#session.encode(data, undefined, name),
      } as const;
      const look = async () => {
        const found = await this.#find(instanceId, run, wait);
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

  /** Undefined for a run that was started and has not been seen yet. */
  async #find(
    instanceId: string,
    run: StartedRun | undefined,
    wait: Wait<unknown>,
    options: { readonly history?: boolean } = {},
  ): Promise<{ readonly status: InstanceStatus; readonly source: ReadSource } | undefined> {
    const { clock } = this.#session.ports;
    const address = orchestrationAddress(instanceId);
    let isBehindOwnMail = false;
    for (const deadline = clock.now() + this.#timeout; ; await wait.pause(LOOK_AGAIN)) {
      let { status, source } = await this.#reads.status(instanceId, options);
      if (!status && source === 'owner' && run?.isSeen !== false && !isBehindOwnMail) {
        const own = await whenOwnMailIsTaken(this.#session, address, wait, deadline);
        if (own === 'late') throw this.#nobodyTells(instanceId);
        isBehindOwnMail = true;
        if (own === 'taken') ({ status, source } = await this.#reads.status(instanceId, options));
      }
      if (status && (!run || isOf(run, status.runId))) return { status, source };
      if (status && source === 'owner') throw new InstanceReplacedError(instanceId); // a view may show a former run
      if (run?.isSeen === false) return undefined;
      if (source === 'owner') throw new NotFoundError(instanceId);
      if (wait.isOver || clock.now() >= deadline) throw this.#nobodyTells(instanceId);
    }
  }

  #nobodyTells(instanceId: string): TimeoutError {
    return new TimeoutError(
      `No worker could tell of orchestration instance "${instanceId}" within ${this.#timeout} ms, and there is no view ` +
        `of it. Start a worker of task hub ${this.#session.ports.name}, or try again.`,
    );
  }
}
