import { toFailureDetails } from '../core/failure.js';
import { ClosedError, PayloadTooLargeError, type FailureDetails } from '../errors.js';
import type { Address } from '../wire/messages.js';
import { encodeTaskRequest, encodeUnwanted } from '../wire/task-codec.js';
import type { TaskIds } from '../wire/tasks.js';
import type { PendingActivity } from './activation.js';
import type { Committer } from './committer.js';
import type { Host } from './host.js';
import type { Loops } from './loops.js';
import type { HubPorts } from './ports.js';
import type { PartitionTables } from './tables.js';

/** Requests on their way at the same time. */
const WIDTH = 64;
/** After an unknown outcome a request is sent again after so many milliseconds, doubled each time up to the second. */
const FIRST_RETRY = 50;
const LAST_RETRY = 5_000;
/** What is stored waits for a record of others to ride with for so long, in milliseconds. */
const RIDE = 500;

/** Numbers of activities in one message. */
const IDS = 10_000;

interface Request {
  readonly to: Address;
  readonly activity: PendingActivity;
}

/**
 * Sends the requests of committed activities to their work queues.
 *
 * P20. A queued activity is a send: it leaves after its commit (C1), and a later owner sends it again only while its
 *      acknowledgement is neither in the checkpoint nor in a record.
 */
export class Dispatcher {
  readonly #tables: PartitionTables;
  readonly #hub: HubPorts;
  readonly #host: Host;
  readonly #committer: Committer;
  readonly #refused: (to: Address, activity: PendingActivity, failure: FailureDetails) => void;
  readonly #loops: Loops;
  readonly #waiting = new Map<string, Request>();
  #running = 0;
  #whenNone: (() => void)[] = [];
  #isSealing = false;
  #isClosed = false;

  constructor(
    tables: PartitionTables,
    hub: HubPorts,
    host: Host,
    committer: Committer,
    refused: (to: Address, activity: PendingActivity, failure: FailureDetails) => void,
    loops: Loops,
  ) {
    this.#loops = loops;
    this.#tables = tables;
    this.#hub = hub;
    this.#host = host;
    this.#committer = committer;
    this.#refused = refused;
  }

  send(to: Address, activity: PendingActivity): void {
    this.#waiting.set(keyOf(activity.executionId, activity.request.id), { to, activity });
    this.#pump();
  }

  /**
   * Sends what a former owner may not have sent; `pending` knows the activities of an instance that are queued. Those of one
   * that cannot be loaded stay as they are.
   */
  recover(pending: (to: Address) => readonly PendingActivity[] | undefined): void {
    for (const { to, tasks } of this.#tables.undispatched.all()) {
      const [executionId, ids] = tasks;
      const all = pending(to);
      if (!all) continue;
      const open = new Map(
        all
          .filter((activity) => activity.executionId === executionId)
          .map((activity) => [activity.request.id, activity]),
      );
      for (const id of ids) {
        const activity = open.get(id);
        if (activity) this.send(to, activity);
        else this.#done(executionId, id); // it has ended meanwhile
      }
    }
  }

  /**
   * Nobody waits for these any more. Those that are not done here may be done elsewhere: whoever does them is told, and
   * asks from time to time if that gets lost.
   */
  cancel([executionId, ids]: TaskIds, elsewhere: readonly number[]): void {
    for (const id of ids) if (this.#waiting.delete(keyOf(executionId, id))) this.#done(executionId, id);
    const { bus, subjects } = this.#hub;
    for (let at = 0; at < elsewhere.length; at += IDS)
      bus.publish(subjects.unwanted, encodeUnwanted({ v: 1, tasks: [[executionId, elsewhere.slice(at, at + IDS)]] }));
  }

  /** Resolves when all is stored and recorded, or after a time. */
  async drain(milliseconds: number): Promise<void> {
    if (this.#running > 0)
      await new Promise<void>((resolve) => {
        const cancel = this.#hub.clock.after(milliseconds, resolve);
        this.#whenNone.push(() => {
          cancel();
          resolve();
        });
      });
    if (this.#committer.group.dispatched.size > 0) await this.#committer.barrier();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  #pump(): void {
    while (this.#running < WIDTH && this.#waiting.size > 0 && !this.#isClosed) {
      const [next] = this.#waiting;
      const [key, request] = next!;
      this.#waiting.delete(key);
      this.#running++;
      const published = this.#loops.watch('the sending to a work queue', this.#publish(request), request.to);
      void published.finally(() => {
        this.#running--;
        this.#pump();
        if (this.#running === 0) for (const resolve of this.#whenNone.splice(0)) resolve();
      });
    }
  }

  async #publish({ to, activity }: Request): Promise<void> {
    const { executionId, request, attempt, lost } = activity;
    const { id: taskId, name, input, inputRef, timeout, deadline } = request;
    const body = encodeTaskRequest({
      v: 1,
      to,
      executionId,
      taskId,
      name,
      ...(input !== undefined && { input }),
      ...(inputRef && { inputRef }),
      ...(timeout !== undefined && { timeout }),
      ...(deadline !== undefined && { deadline }),
      ...(attempt > 1 && { runs: attempt - 1 }),
      ...(lost > 0 && { lost }),
    });
    const queue = request.queue ?? this.#host.activitySettings?.get(name)?.queue ?? name;
    try {
      for (let wait = FIRST_RETRY; !this.#isClosed; wait = Math.min(2 * wait, LAST_RETRY)) {
        if (await this.#hub.tasks.publish(queue, body, keyOf(executionId, taskId))) {
          if (!this.#isClosed) this.#done(executionId, taskId);
          return;
        }
        await new Promise<void>((resolve) => this.#hub.clock.after(wait, resolve));
      }
    } catch (error) {
      if (error instanceof ClosedError) return;
      if (!(error instanceof PayloadTooLargeError)) throw error;
      this.#refused(to, activity, toFailureDetails(error));
      this.#done(executionId, taskId);
    }
  }

  #done(executionId: string, taskId: number): void {
    this.#committer.group.dispatch(executionId, taskId);
    if (this.#isSealing) return;
    this.#isSealing = true;
    this.#hub.clock.after(RIDE, () => {
      this.#isSealing = false;
      if (this.#isClosed || this.#committer.group.dispatched.size === 0) return;
      this.#committer.barrier().catch((error: unknown) => {
        if (!(error instanceof ClosedError)) throw error; // a committer that has failed has told its owner
      });
    });
  }
}

function keyOf(executionId: string, taskId: number): string {
  return `${executionId}.${taskId}`;
}
