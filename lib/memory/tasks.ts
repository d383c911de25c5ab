import type { MemoryWorld } from './world.js';

/** A task that is not kept for so many milliseconds is delivered again. */
const PATIENCE = 10_000;
/** How long the server knows a message id, in milliseconds. */
const DUPLICATE_WINDOW = 120_000;
/** Of so many tasks that were acknowledged last a server that dies may forget that. */
const MOST_FORGOTTEN = 20;

/** A stored task. */
export interface MemoryTask {
  /** Its place among all that were stored in the queues of the hub. */
  readonly sequence: number;
  readonly body: Uint8Array;
  readonly time: number;
  deliveries: number;
  /** Cancels its next delivery while a worker has it. */
  cancel: () => void;
}

/** Who takes tasks of a queue. */
export interface MemoryTaker {
  wanted: number;
  /** Whether the server still has its connection. */
  readonly isThere: boolean;
  deliver(task: MemoryTask, backlog: number): void;
}

/** A work queue as a pure model: what the server does with it between two instants. */
export class MemoryQueue {
  readonly #world: MemoryWorld;
  /** Tasks to be delivered again come first. */
  readonly #again: MemoryTask[] = [];
  readonly #waiting: MemoryTask[] = [];
  /** Tasks that workers have. */
  readonly taken = new Set<MemoryTask>();
  readonly #takers: MemoryTaker[] = [];
  /** What was acknowledged last. */
  readonly #done: MemoryTask[] = [];
  maxInFlight = Infinity;

  constructor(world: MemoryWorld) {
    this.#world = world;
  }

  /** How many wait. */
  get backlog(): number {
    return this.#again.length + this.#waiting.length;
  }

  /** All that are not done, in the order of storing. */
  get tasks(): readonly MemoryTask[] {
    return [...this.taken, ...this.#again, ...this.#waiting].toSorted((a, b) => a.sequence - b.sequence);
  }

  store(sequence: number, body: Uint8Array): void {
    this.#waiting.push({ sequence, body, time: this.#world.time, deliveries: 0, cancel: () => {} });
    this.deliver();
  }

  join(taker: MemoryTaker): void {
    this.#takers.push(taker);
  }

  leave(taker: MemoryTaker): void {
    const at = this.#takers.indexOf(taker);
    if (at >= 0) this.#takers.splice(at, 1);
  }

  /** Hands on what waits to those who want, in turn. What comes again counts as in flight all the time. */
  deliver(): void {
    while (this.#again.length > 0 || (this.#waiting.length > 0 && this.taken.size < this.maxInFlight)) {
      const at = this.#takers.findIndex(({ wanted, isThere }) => wanted > 0 && isThere);
      if (at < 0) return;
      const [taker] = this.#takers.splice(at, 1) as [MemoryTaker];
      this.#takers.push(taker);
      this.#handOver(taker);
    }
  }

  #handOver(taker: MemoryTaker): void {
    const task = (this.#again.length > 0 ? this.#again : this.#waiting).shift()!;
    task.deliveries++;
    taker.wanted--;
    this.taken.add(task);
    this.keep(task);
    taker.deliver(task, this.#waiting.length);
  }

  keep(task: MemoryTask): void {
    if (!this.taken.has(task)) return;
    task.cancel();
    task.cancel = this.#world.scheduler.after(PATIENCE, () => {
      this.taken.delete(task);
      this.#again.push(task);
      this.deliver();
    });
  }

  /** Done: also by a worker whose time was over, as long as nobody else has done it. */
  acknowledge(task: MemoryTask): void {
    task.cancel();
    const at = this.#again.indexOf(task);
    const wasHere = this.taken.delete(task) || at >= 0;
    if (at >= 0) this.#again.splice(at, 1);
    if (wasHere && this.#done.push(task) > MOST_FORGOTTEN) this.#done.shift();
    this.deliver();
  }

  /** The state of the queue goes back in time: some tasks were not acknowledged, and others not delivered. */
  goBack(isForgotten: () => boolean): void {
    const undone = this.#done.splice(0).filter(isForgotten);
    const untaken = [...this.taken].filter(isForgotten);
    for (const task of untaken) {
      task.cancel();
      this.taken.delete(task);
    }
    for (const task of [...undone, ...untaken]) {
      task.deliveries--;
      this.#again.push(task);
    }
    this.deliver();
  }
}

/** The work queues of a task hub in memory. */
export class MemoryTasks {
  readonly #world: MemoryWorld;
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #ids = new Map<string, number>();
  #stored = 0;

  constructor(world: MemoryWorld) {
    this.#world = world;
  }

  queue(name: string): MemoryQueue {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = new MemoryQueue(this.#world)));
    return queue;
  }

  /** The queues with tasks that are not done, and how many. */
  sizes(): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>();
    for (const [name, { tasks }] of this.#queues) if (tasks.length > 0) sizes.set(name, tasks.length);
    return sizes;
  }

  /** The server has died: of what it did last it may not know any more that it did. */
  goBack(isForgotten: () => boolean): void {
    for (const id of this.#ids.keys()) if (isForgotten()) this.#ids.delete(id);
    for (const queue of this.#queues.values()) queue.goBack(isForgotten);
  }

  store(name: string, body: Uint8Array, messageId: string): void {
    const { time } = this.#world;
    if (time - (this.#ids.get(messageId) ?? -Infinity) < DUPLICATE_WINDOW) return;
    this.#ids.set(messageId, time);
    this.queue(name).store(++this.#stored, body);
  }
}
