import type { OrchestratorObject } from '../core/proxies.js';
import type { Constructor } from '../core/values.js';
import {
  InstanceExistsError,
  InvalidScheduleError,
  NotFoundError,
  ScheduleExistsError,
  ScheduleNotFoundError,
  TimeoutError,
  UnknownEntityError,
} from '../errors.js';
import { timesBetween } from '../schedules/occurrences.js';
import {
  newSchedule,
  SCHEDULE,
  SCHEDULE_EVENT,
  SCHEDULE_INDEX,
  scheduleInstanceId,
  scheduledRunInstanceId,
  type OverlapPolicy,
  type ScheduleCommand,
  type ScheduleDefinition,
  type ScheduleEvent,
  type ScheduleState,
} from '../schedules/schedule-state.js';
import type { RuntimeStatus } from '../wire/head.js';
import type { ClientSession } from './client-session.js';
import type { Entities } from './entities.js';
import { anyRunOf } from './instance-handlers.js';
import { hasEnded } from './orchestration-status.js';
import type { Orchestrations } from './orchestrations.js';
import { limitsOf, type CallOptions } from './waits.js';
import { descriptionOf, type ScheduleDescription } from './schedule-description.js';
import { ScheduleHandle, type BackfillOptions } from './schedule-handle.js';
import { checkScheduleId, definitionOf, type ScheduledStart, type ScheduleOptions } from './schedule-options.js';

/** The first wait before a schedule is looked at again, and the longest, in milliseconds. */
const FIRST_LOOK = 10;
const LONGEST_LOOK = 250;
/** Runs that one backfill may start. */
const MOST_BACKFILLED = 1_000;
/** Schedules that are read at a time. */
const READ_TOGETHER = 50;

/** A command without its own id, which is given when it is sent. */
type Asked = ScheduleCommand extends infer C ? (C extends { readonly id: string } ? Omit<C, 'id'> : never) : never;

/**
 * The schedules of a task hub: each starts an orchestration at its times, durably. A schedule is an orchestration instance of
 * its own; what it starts has the id `<schedule>:<time>`, so no time is started twice, however often a worker dies.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, TaskHubClient, type Orchestration } from 'perdure';
 * import { Orchestrator, Run } from 'perdure/decorators';
 *
 * @Orchestrator('report')
 * class Report {
 *   @Run() *run(kind: string, ctx: OrchestrationContext): Orchestration<string> {
 *     return yield* ctx.callActivity<string>('write', kind);
 *   }
 * }
 *
 * export async function schedule(client: TaskHubClient): Promise<void> {
 *   const timeZone = 'Europe/Berlin';
 *   const nightly = await client.schedules.create('nightly', { cron: '0 3 * * *', timeZone, start: [Report, 'short'] });
 *   await nightly.trigger(); // one more, now
 *   for (const { scheduleId, nextTimes } of await client.schedules.list()) console.log(scheduleId, nextTimes[0]);
 * }
 * ```
 */
export class Schedules {
  readonly #session: ClientSession;
  readonly #orchestrations: Orchestrations;
  readonly #entities: Entities;
  readonly #timeout: number;
  /** What is being asked of each schedule, to its end. */
  readonly #lines = new Map<string, Promise<void>>();

  /** @internal Use `client.schedules`. */
  constructor(session: ClientSession, orchestrations: Orchestrations, entities: Entities, timeout: number) {
    this.#session = session;
    this.#orchestrations = orchestrations;
    this.#entities = entities;
    this.#timeout = timeout;
  }

  /**
   * Creates a schedule; resolves when it is stored and waits for its first time. A worker that hosts orchestrators must have
   * been started once.
   *
   * @throws {InvalidScheduleError} for times, a time zone, a policy or limits that cannot work
   * @throws {ScheduleExistsError} when there is one with this id
   * @throws {InvalidIdError} for an id that is no instance id, or has more than 200 bytes
   * @throws what `startNew` throws for the orchestrator and its input
   */
  async create<O extends OrchestratorObject>(
    id: string,
    options: ScheduleOptions<O>,
    call: CallOptions = {},
  ): Promise<ScheduleHandle> {
    checkScheduleId(id);
    await this.#within(call, `Schedule "${id}"`, () => this.#create(id, options, call));
    return new ScheduleHandle(this, id);
  }

  async #create<O extends OrchestratorObject>(
    id: string,
    options: ScheduleOptions<O>,
    call: CallOptions,
  ): Promise<void> {
    const { isPaused = false, note } = options;
    const schedule = newSchedule(id, await this.#definition(options, options.start), { isPaused, note });
    const [shape, instanceId] = [{ name: SCHEDULE }, scheduleInstanceId(id)];
    try {
      await this.#orchestrations.start(
        this.#orchestrations.prepared({ shape, input: schedule, options: { instanceId, ...call } }),
      );
    } catch (error) {
      throw error instanceof InstanceExistsError ? new ScheduleExistsError(id) : error;
    }
  }

  /** Within what the caller says; each request has the client's time otherwise. */
  #within<T>(options: CallOptions, what: string, run: () => Promise<T>): Promise<T> {
    const text = `${what}: there was no answer within ${options.timeoutInMilliseconds} ms. Whether something was done is not known.`;
    return this.#session.waits.run<T>(options, () => new TimeoutError(text, undefined, 'unknown'), run);
  }

  /**
   * The handle of a schedule by its id; nothing is asked yet.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  get(id: string): ScheduleHandle {
    return new ScheduleHandle(this, checkScheduleId(id));
  }

  /**
   * All schedules of the task hub, in order of their ids. One that was created or deleted a moment ago may be missing, or be
   * there still.
   *
   * @throws {ClosedError} when the client or the connection is closed
   */
  list(options: CallOptions = {}): Promise<readonly ScheduleDescription[]> {
    return this.#within(options, 'The schedules', () => this.#list());
  }

  async #list(): Promise<readonly ScheduleDescription[]> {
    const ids = (await this.#ids()).toSorted((a, b) => (a < b ? -1 : 1));
    const found: (ScheduleDescription | undefined)[] = [];
    for (let at = 0; at < ids.length; at += READ_TOGETHER)
      found.push(...(await Promise.all(ids.slice(at, at + READ_TOGETHER).map((id) => this.#described(id)))));
    return found.filter((schedule) => schedule !== undefined);
  }

  /** @internal */
  describe(id: string, options: CallOptions = {}): Promise<ScheduleDescription> {
    return this.#within(options, `Schedule "${id}"`, async () =>
      descriptionOf(await this.#state(id), this.#session.values),
    );
  }

  /** @internal What the schedule does from now on. */
  async update<O extends OrchestratorObject>(
    id: string,
    options: ScheduleOptions<O>,
    call: CallOptions,
  ): Promise<void> {
    await this.command(id, { kind: 'update', definition: await this.#definition(options, options.start) }, call);
  }

  /** @internal The runs of a stretch of time. */
  async backfill(
    id: string,
    { from, to, overlap, ...call }: BackfillOptions & { readonly overlap: OverlapPolicy },
  ): Promise<void> {
    const [first, last] = [from.getTime(), to.getTime()];
    if (!(first <= last)) throw new InvalidScheduleError('A backfill goes from a date to a later one: from <= to.');
    const state = await this.#within(call, `Schedule "${id}"`, () => this.#state(id));
    const times = timesBetween(state, first - 1, last, MOST_BACKFILLED + 1);
    if (times.length > MOST_BACKFILLED)
      throw new InvalidScheduleError(
        `A backfill starts at most ${MOST_BACKFILLED} runs. Choose a shorter stretch of time.`,
      );
    await this.command(id, { kind: 'backfill', times, overlap }, call);
  }

  /**
   * @internal Resolves when the schedule has carried it out. One at a time for each schedule: it remembers only the last
   * hundred.
   */
  async command(id: string, asked: Asked, call: CallOptions): Promise<void> {
    const before = this.#lines.get(id) ?? Promise.resolve();
    const carriedOut = before.then(() => this.#carryOut(id, asked, call));
    const line = carriedOut.catch(() => {}); // told to its caller
    this.#lines.set(id, line);
    try {
      await this.#within(call, `Schedule "${id}"`, () => carriedOut);
    } finally {
      if (this.#lines.get(id) === line) this.#lines.delete(id);
    }
  }

  async #carryOut(id: string, asked: Asked, call: CallOptions): Promise<void> {
    const state = await this.#state(id);
    if (asked.kind !== 'delete') await this.#tellLostEnds(state);
    const command = { ...asked, id: this.#session.ports.random.id() } as ScheduleCommand;
    await this.#orchestrations.raiseEvent(anyRunOf(scheduleInstanceId(id)), SCHEDULE_EVENT, command, call);
    const limits = limitsOf(call, this.#timeout);
    const text = `Schedule "${id}" has not carried out ${asked.kind} within ${limits.timeoutInMilliseconds} ms: it is stored, and will be.`;
    const late = () => new TimeoutError(text, undefined, 'stored');
    await this.#session.waits.within<void>(limits, late, async (wait) => {
      for (
        let pause = FIRST_LOOK;
        !(await this.#isCarriedOut(id, command));
        pause = Math.min(pause * 2, LONGEST_LOOK)
      ) {
        await wait.pause(pause);
        if (wait.isOver) return;
      }
      wait.succeed();
    });
  }

  /**
   * What waits for the end of a run tells it, unless somebody has terminated that: then the schedule is told here, lest it
   * counts the run as going on for ever. It takes no notice of what it knows already.
   */
  async #tellLostEnds({ id, running, recent }: ScheduleState): Promise<void> {
    for (const time of running) {
      const { startedAt = 0 } = recent.find((run) => run.time === time) ?? {};
      const end = await this.#endOf(scheduledRunInstanceId(id, time), startedAt);
      if (end === undefined) continue;
      const ended: ScheduleEvent = { kind: 'ended', time, isFailed: end !== 'Completed' };
      await this.#orchestrations.raiseEvent(anyRunOf(scheduleInstanceId(id)), SCHEDULE_EVENT, ended, {});
    }
  }

  /** How an instance has ended since a time; undefined: it has not, or is not there, perhaps not yet. */
  async #endOf(instanceId: string, since: number): Promise<RuntimeStatus | undefined> {
    try {
      const { runtimeStatus, lastUpdatedTime } = await this.#orchestrations.status(anyRunOf(instanceId), {});
      return hasEnded({ runtimeStatus }) && lastUpdatedTime.getTime() >= since ? runtimeStatus : undefined;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async #isCarriedOut(id: string, command: ScheduleCommand): Promise<boolean> {
    try {
      return (await this.#state(id)).carriedOut.includes(command.id);
    } catch (error) {
      if (command.kind === 'delete' && error instanceof ScheduleNotFoundError) return true;
      throw error;
    }
  }

  async #definition<O extends OrchestratorObject>(
    options: ScheduleOptions<O>,
    [orchestrator, input]: ScheduledStart<O>,
  ): Promise<ScheduleDefinition> {
    const shape = this.#orchestrations.shapeOf(orchestrator as string | Constructor);
    const encoded = this.#session.encode(input, shape, shape.name);
    const definition = definitionOf(options, { orchestrator: shape.name, ...encoded });
    await this.#session.names.checkOrchestrator(shape.name);
    return definition;
  }

  /** Rejects with ScheduleNotFoundError. */
  async #state(id: string): Promise<ScheduleState> {
    try {
      const { runtimeStatus, input } = await this.#orchestrations.status(anyRunOf(scheduleInstanceId(id)), {});
      if (runtimeStatus === 'Running' || runtimeStatus === 'Suspended') return input as ScheduleState;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
    throw new ScheduleNotFoundError(id);
  }

  async #described(id: string): Promise<ScheduleDescription | undefined> {
    try {
      return await this.describe(id);
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    }
  }

  async #ids(): Promise<readonly string[]> {
    try {
      const { entityState } = await this.#entities.read({ id: SCHEDULE_INDEX, type: undefined });
      return (entityState as { readonly ids: readonly string[] } | undefined)?.ids ?? [];
    } catch (error) {
      if (error instanceof UnknownEntityError) return []; // no worker was ever started
      throw error;
    }
  }
}
