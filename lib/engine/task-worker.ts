import { toFailureDetails } from '../core/failure.js';
import { ActivityCanceledError, ActivityLostError, ClosedError } from '../errors.js';
import { parseAddress, partitionOf } from '../wire/addresses.js';
import { encodeMessage } from '../wire/message-codec.js';
import type { Address } from '../wire/messages.js';
import { decodeTaskRequest, decodeUnwanted, encodeTaskRequest } from '../wire/task-codec.js';
import type { ActivityResult, Host } from './host.js';
import { LargeValues } from './large-values.js';
import { OVERFLOW } from './local-activities.js';
import type { Loops } from './loops.js';
import { MOST_LOST } from './orchestration-activities.js';
import { OwnerAsks } from './owner-asks.js';
import type { HubPorts, QueuedTask, Subscription, TaskConsumption } from './ports.js';
import type { SharedActivities } from './shared-activities.js';
import { TaskRun } from './task-run.js';

/** Signs of life, in milliseconds. */
const BEAT = 2_500;
/** So often an owner is asked whether an activity is still wanted, in milliseconds: a notice may have got lost. */
const ASK = 30_000;
/** A request older than this, in milliseconds, is asked for before it begins. */
const OLD = 10_000;
/** A request waits for a slot for so long, in milliseconds: then others may have it. */
const PATIENCE = 1_000;
/** A request for an activity that this worker does not have is held back for so long, in milliseconds. */
const FOREIGN = 5_000;
/** After an unknown outcome a result is sent again after so many milliseconds, doubled each time up to the second. */
const FIRST_RETRY = 50;
const LAST_RETRY = 5_000;
/** How often an acknowledgement is tried: a request that comes again is seen to be done. */
const ACKS = 3;

/**
 * A worker's part in the work queues of its hub: it takes requests for the activities that it has registered, as many as
 * it has slots for, runs them, sends the results to the mailboxes of those who wait, and then acknowledges the requests.
 * It owns nothing: any number of workers may do so, with partitions of their own or without.
 */
export class TaskWorker {
  readonly #hub: HubPorts;
  readonly #values: LargeValues;
  readonly #host: Host;
  readonly #shared: SharedActivities;
  readonly #queues = new Map<string, { readonly names: string[]; consumption?: TaskConsumption }>();
  readonly #runs = new Map<string, TaskRun>();
  /** Those that are being given back: what comes for them now is the copy, and no business of theirs. */
  readonly #leaving = new Set<TaskRun>();
  readonly #asks: OwnerAsks;
  readonly #loops: Loops;
  #subscription: Subscription | undefined;
  #endBeat = (): void => {};
  #whenNone: (() => void)[] = [];
  #endPauses = new Set<() => void>();
  #isStopping = false;
  #isClosed = false;

  constructor(hub: HubPorts, host: Host, shared: SharedActivities, loops: Loops) {
    this.#hub = hub;
    this.#loops = loops;
    this.#values = new LargeValues(hub, loops);
    this.#host = host;
    this.#shared = shared;
    this.#asks = new OwnerAsks(hub);
    for (const name of host.activities.keys()) {
      this.#serve(name, name);
      const queue = host.activitySettings?.get(name)?.queue;
      if (queue !== undefined) this.#serve(queue, name);
    }
  }

  #serve(queue: string, name: string): void {
    const served = this.#queues.get(queue);
    if (!served) this.#queues.set(queue, { names: [name] });
    else if (!served.names.includes(name)) served.names.push(name);
  }

  start(): void {
    this.#subscription = this.#hub.bus.subscribe(this.#hub.subjects.unwanted, (body) => this.#unwanted(body));
    for (const [queue, served] of this.#queues) {
      const maxInFlight = this.#host.activitySettings?.get(queue)?.hubConcurrency;
      served.consumption = this.#hub.tasks.consume(queue, { maxInFlight }, (task) => this.#take(queue, task));
    }
    this.#shared.slots.onRoom = () => this.#wantAll();
    this.#shared.suspects.onChange = () => this.#wantAll();
    this.#wantAll();
    this.#beat();
  }

  /** Takes no more; resolves when all that runs has ended, or after a time: that is told to stop, and left to others. */
  async stop(milliseconds: number): Promise<void> {
    this.#isStopping = true;
    this.#wantAll();
    for (const end of this.#endPauses) end();
    await this.#none(milliseconds);
    if (this.#isClosed) return;
    const left = [...this.#runs.values()];
    const reason = new ClosedError('The worker stops.');
    for (const run of left) run.leave(reason);
    await Promise.all(left.map((run) => (run.isTold || run.isCanceled ? this.#acknowledge(run) : this.#giveBack(run))));
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#isStopping = true;
    this.#endBeat();
    this.#subscription?.close();
    this.#asks.close();
    for (const { consumption } of this.#queues.values()) consumption?.close();
    for (const end of this.#endPauses) end();
    const reason = new ClosedError('The worker has stopped.');
    for (const run of this.#runs.values()) run.leave(reason);
  }

  #none(milliseconds: number): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#hub.clock.after(milliseconds, resolve);
      this.#whenNone.push(() => {
        cancel();
        resolve();
      });
    });
  }

  #wantAll(): void {
    for (const queue of this.#queues.keys()) this.#want(queue);
  }

  /** Each queue may bring as many as it has a share of the free slots, and one at the least. */
  #want(queue: string): void {
    const { names, consumption } = this.#queues.get(queue)!;
    const { slots, suspects } = this.#shared;
    const share = Math.max(1, Math.floor(slots.room / this.#queues.size));
    const room = Math.max(...names.map((name) => slots.roomFor(name)));
    const isClosed = this.#isStopping || suspects.isAlone;
    consumption?.want(isClosed ? 0 : Math.max(0, Math.min(share, room)));
  }

  #beat(): void {
    this.#endBeat = this.#hub.clock.after(BEAT, () => {
      const now = this.#hub.clock.now();
      for (const run of this.#leaving) run.keep();
      for (const run of this.#runs.values()) {
        run.keep();
        if (run.hasBegun && !run.isCanceled && now - run.askedAt > ASK) void this.#check(run, now);
      }
      this.#beat();
    });
  }

  async #check(run: TaskRun, now: number): Promise<void> {
    run.askedAt = now;
    if ((await this.#asks.isWanted(run.request)) === false) this.#cancel(run);
  }

  #unwanted(body: Uint8Array): void {
    const decoded = decodeUnwanted(body);
    if ('refused' in decoded) return; // a hint, from anybody
    for (const [executionId, ids] of decoded.value.tasks)
      for (const id of ids) {
        const run = this.#runs.get(`${executionId}.${id}`);
        if (run) this.#cancel(run);
      }
  }

  #cancel(run: TaskRun): void {
    run.cancel(new ActivityCanceledError(run.name, instanceOf(run)));
  }

  #take(queue: string, task: QueuedTask): void {
    const decoded = decodeTaskRequest(task.body);
    if ('refused' in decoded) return this.#refuse(queue, task, decoded.refused);
    const { clock } = this.#hub;
    const run = new TaskRun(queue, decoded.value, task, clock.now());
    const known = this.#runs.get(run.key);
    if (known) return known.adopt(task);
    if (task.backlog > 0 && this.#shared.slots.isOverflowing(run.name, clock.now()))
      this.#shared.slots.overflow(run.name, clock.now() + OVERFLOW);
    this.#runs.set(run.key, run);
    this.#handle(run)
      .catch((error: unknown) => this.#failed(run, error))
      .finally(() => {
        this.#drop(run);
        this.#want(queue);
      });
    this.#want(queue);
  }

  #drop(run: TaskRun): void {
    if (this.#runs.get(run.key) === run) this.#runs.delete(run.key);
    if (this.#isIdle) for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  get #isIdle(): boolean {
    return this.#runs.size === 0 && this.#leaving.size === 0;
  }

  #refuse(queue: string, task: QueuedTask, reason: string): void {
    this.#hub.logger.error(`A request that cannot be read is dropped: ${reason}`, { instance: `queue ${queue}` });
    task.acknowledge().catch((error: unknown) => {
      if (!(error instanceof ClosedError)) throw error;
    });
  }

  async #handle(run: TaskRun): Promise<void> {
    const { request, lost } = run;
    const { clock } = this.#hub;
    if (request.deadline !== undefined && clock.now() >= request.deadline) return this.#done(run); // its owner judges it
    if (!this.#host.activities.has(run.name)) return this.#foreign(run);
    const isOld = run.attempt > 1 || clock.now() - run.storedAt > OLD;
    if (isOld && (await this.#asks.isWanted(request)) === false) return this.#done(run);
    if (lost >= MOST_LOST) return this.#tell(run, lostFailure(run));
    if (lost < MOST_LOST - 1) return this.#begin(run);
    if (!request.isLast) return this.#awaitTurn(run);
    const leave = this.#shared.suspects.enter();
    if (!leave) return this.#giveBack(run);
    try {
      await this.#begin(run);
    } finally {
      leave();
    }
  }

  async #begin(run: TaskRun): Promise<void> {
    if (await this.#hasSlot(run)) await this.#execute(run);
    else if (run.isCanceled) await this.#done(run);
    else if (!run.isLeft) await this.#giveBack(run);
  }

  /** A last run begins when no other is under way here: then it is let go, to be taken by a worker that does nothing else. */
  async #awaitTurn(run: TaskRun): Promise<void> {
    if (!this.#shared.suspects.isFree) await this.#pause();
    if (!run.isLeft) await this.#giveBack(run, this.#shared.suspects.isFree && !this.#isStopping);
  }

  async #hasSlot(run: TaskRun): Promise<boolean> {
    const { slots } = this.#shared;
    if (slots.take(run.name)) return true;
    const slot = run.slot(PATIENCE, this.#hub);
    slots.wait(run);
    const hasSlot = await slot;
    if (!hasSlot) slots.leave(run);
    return hasSlot;
  }

  /** The request is acknowledged behind its result, and not before the code has ended: it counts as long as it runs. */
  async #execute(run: TaskRun): Promise<void> {
    const { result, ended } = run.run(this.#host, this.#hub, this.#shared.code);
    void ended.then(() => this.#shared.slots.release(run.name));
    const told = await result;
    if (told) {
      await this.#send(run, told);
      run.isTold = true;
    }
    await ended;
    await this.#done(run);
  }

  async #tell(run: TaskRun, result: ActivityResult): Promise<void> {
    await this.#send(run, result);
    await this.#done(run);
  }

  /** Stores the result in the mailbox of the instance: a copy is recognised there (C4). */
  async #send(run: TaskRun, result: ActivityResult): Promise<void> {
    const { to, executionId, taskId } = run.request;
    const { partitions, subjects, random } = this.#hub;
    const partition = partitionOf(to, partitions);
    const subject = subjects.partition(partition).mail(to);
    const encoded = (told: ActivityResult): Uint8Array =>
      encodeMessage({ kind: 'result', of: 'activity', executionId, taskId, ...told });
    let body = encoded(result);
    // Of a message that is short as a whole the result is short, too.
    if (body.length > this.#values.limits.inline) body = encoded(await this.#byReference(to, result));
    const id = random.id();
    const sent = this.#untilTrue(async () => (await this.#hub.mailOf(partition).send(subject, body, id)) !== undefined);
    await this.#loops.watch('the sending of the result of an activity', sent, to);
  }

  /** A large result is stored before the message, for the instance that waits for it (P15). */
  async #byReference(to: Address, result: ActivityResult): Promise<ActivityResult> {
    const text = this.#values.textIn(result, () => 'The result of an activity');
    return text === undefined ? result : this.#values.byReference(to, result, text, () => !this.#isClosed);
  }

  /** Whoever leaves it has seen to what becomes of it. */
  async #done(run: TaskRun): Promise<void> {
    if (!run.isLeft) await this.#acknowledge(run);
  }

  async #acknowledge(run: TaskRun): Promise<void> {
    for (let tries = 0; tries < ACKS; tries++) if (await run.acknowledge()) return;
  }

  /** Stores it again for others, with what is known of its runs, and acknowledges this one. */
  async #giveBack(run: TaskRun, isLast = false): Promise<void> {
    const { queue, attempt, lost, hasBegun } = run;
    const { isLast: _, ...request } = run.request;
    const runs = hasBegun ? attempt : attempt - 1;
    const body = encodeTaskRequest({
      ...request,
      ...(runs > 0 && { runs }),
      ...(lost > 0 && { lost }),
      ...(isLast && { isLast }),
    });
    const id = this.#hub.random.id();
    this.#leaving.add(run);
    this.#drop(run);
    try {
      const given = this.#untilTrue(() => this.#hub.tasks.publish(queue, body, id));
      await this.#loops.watch('the giving back of a call to its work queue', given, request.to);
      await this.#acknowledge(run);
    } catch (error) {
      this.#failed(run, error);
    } finally {
      this.#leaving.delete(run);
      this.#drop(run);
    }
  }

  /** Sooner or later a worker that has it takes it; meanwhile it must not go round and round. */
  async #foreign(run: TaskRun): Promise<void> {
    this.#hub.logger.warn(
      `Queue ${run.queue} has a request for activity "${run.name}", which this worker has not registered: it is given back`,
      { instance: instanceOf(run) },
    );
    await this.#pause();
    await this.#giveBack(run);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#endPauses.delete(end);
        resolve();
      };
      const cancel = this.#hub.clock.after(FOREIGN, end);
      this.#endPauses.add(end);
    });
  }

  async #untilTrue(attempt: () => Promise<boolean>): Promise<void> {
    for (let wait = FIRST_RETRY; !(await attempt()); wait = Math.min(2 * wait, LAST_RETRY))
      await new Promise<void>((resolve) => this.#hub.clock.after(wait, resolve));
  }

  /** What was not acknowledged is delivered again, here or elsewhere. */
  #failed(run: TaskRun, error: unknown): void {
    if (error instanceof ClosedError) return;
    this.#hub.logger.error(`A request for activity "${run.name}" was not carried out: ${String(error)}`, {
      instance: instanceOf(run),
    });
  }
}

function instanceOf({ request: { to } }: TaskRun): string {
  const addressee = parseAddress(to);
  return addressee.kind === 'orchestration' ? addressee.instanceId : to;
}

function lostFailure({ name, lost }: TaskRun): ActivityResult {
  return { failure: toFailureDetails(new ActivityLostError(name, lost)) };
}
