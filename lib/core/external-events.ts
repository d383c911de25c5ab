import type { InputType, ValueCodec } from './values.js';
import { TaskNode } from './task-node.js';
import type { EventRaised } from './turn.js';

interface Arrival {
  readonly order: number;
  readonly event: EventRaised;
}

/**
 * The external events of an execution and those who wait for them. Names are matched without regard to case, by
 * ordinal comparison.
 *
 * E1. An event is in exactly one place: in the buffer of its name, with a waiter, or seen by user code.
 * E2. Events of one name are given out in order of arrival, to live waiters in the order in which they began to wait.
 * E3. A waiter whose races have all ended without it leaves its queue, and gives back an event that no code has seen;
 *     it may be waited for again.
 */
export class ExternalEvents {
  readonly #values: ValueCodec;
  // Made when they are needed: most executions wait for no event.
  #buffers: Map<string, Arrival[]> | undefined;
  /** Per name; a Set keeps the order of insertion. */
  #waiters: Map<string, Set<EventTask<unknown>>> | undefined;
  #unseen: Map<EventTask<unknown>, Arrival> | undefined;
  #arrivals = 0;
  #isLookedAt = false;

  constructor(values: ValueCodec) {
    this.#values = values;
  }

  /** A task that ends with the next event of the name. An input that does not fit its type fails the task. */
  waitFor(name: string, type: InputType | undefined): EventTask<unknown> {
    const decode = (event: EventRaised) => this.#values.decode(event.input, type, `event "${name}"`);
    const task = new EventTask<unknown>(this, foldCase(name), decode);
    this.enqueue(task);
    return task;
  }

  deliver(event: EventRaised): void {
    this.#place({ order: this.#arrivals++, event });
  }

  /** The waiter takes the first buffered event or its place at the end of the queue. */
  enqueue(task: EventTask<unknown>): void {
    const arrival = this.#buffers?.get(task.key)?.shift();
    if (arrival !== undefined) return this.#hand(arrival, task);
    const waiters = this.#waiters?.get(task.key) ?? new Set();
    (this.#waiters ??= new Map()).set(task.key, waiters.add(task));
  }

  /** The waiter leaves its queue; an event of its own that no code has seen goes to whoever is next. */
  withdraw(task: EventTask<unknown>): void {
    this.#waiters?.get(task.key)?.delete(task);
    const arrival = this.#unseen?.get(task);
    if (arrival === undefined) return;
    this.#unseen?.delete(task);
    this.#place(arrival);
  }

  hasUnseen(task: EventTask<unknown>): boolean {
    return this.#unseen?.has(task) ?? false;
  }

  markSeen(task: EventTask<unknown>): void {
    if (!this.#isLookedAt) this.#unseen?.delete(task);
  }

  /** Runs code that only looks: what it reads does not count as seen. */
  look<T>(code: () => T): T {
    const before = this.#isLookedAt;
    this.#isLookedAt = true;
    try {
      return code();
    } finally {
      this.#isLookedAt = before;
    }
  }

  /** Every event that no code has seen, in order of arrival. */
  remaining(): readonly EventRaised[] {
    const arrivals = [...[...(this.#buffers?.values() ?? [])].flat(), ...(this.#unseen?.values() ?? [])];
    return arrivals.sort((a, b) => a.order - b.order).map((arrival) => arrival.event);
  }

  #place(arrival: Arrival): void {
    const key = foldCase(arrival.event.name);
    const [waiter] = this.#waiters?.get(key) ?? [];
    if (waiter !== undefined) {
      this.#waiters?.get(key)?.delete(waiter);
      return this.#hand(arrival, waiter);
    }
    const buffer = this.#buffers?.get(key) ?? [];
    (this.#buffers ??= new Map()).set(key, buffer);
    const after = buffer.findLastIndex((other) => other.order < arrival.order);
    buffer.splice(after + 1, 0, arrival); // E2: also when it was given back
  }

  #hand(arrival: Arrival, task: EventTask<unknown>): void {
    (this.#unseen ??= new Map()).set(task, arrival);
    task.take(arrival.event);
  }
}

/** One wait for an external event. */
export class EventTask<T> extends TaskNode<T> {
  readonly #events: ExternalEvents;
  readonly #decode: (event: EventRaised) => T;
  #isWithdrawn = false;

  constructor(
    events: ExternalEvents,
    readonly key: string,
    decode: (event: EventRaised) => T,
  ) {
    super();
    this.#events = events;
    this.#decode = decode;
  }

  take(event: EventRaised): void {
    let value: T;
    try {
      value = this.#decode(event);
    } catch (error) {
      return this.settle({ error });
    }
    this.settle({ value });
  }

  override seen(): void {
    this.#events.markSeen(this);
  }

  protected override awaited(): void {
    if (!this.#isWithdrawn) return;
    this.#isWithdrawn = false;
    this.#events.enqueue(this);
  }

  protected override abandoned(): void {
    if (this.isCompleted && !this.#events.hasUnseen(this)) return;
    if (this.#isWithdrawn) return;
    this.#isWithdrawn = true;
    this.retract();
    this.#events.withdraw(this);
  }
}

function foldCase(name: string): string {
  return name.toLowerCase(); // not toLocaleLowerCase: the same in every process
}
