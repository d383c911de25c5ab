import type { ActivitySettings } from './host.js';

/** A run that waits for a slot. */
export interface SlotWaiter {
  readonly name: string;
  begin(): void;
}

/**
 * The activities that one worker runs at a time, in all and by name, whoever started them: its partitions or its work
 * queues. Who waits for a slot gets it in turn, by name.
 */
export class ActivitySlots {
  readonly #total: number;
  readonly #settings: ReadonlyMap<string, ActivitySettings>;
  #used = 0;
  /** The used ones of names with a limit of their own. */
  readonly #usedBy = new Map<string, number>();
  readonly #waiting = new Map<string, Set<SlotWaiter>>();
  #waitingCount = 0;
  /** Names of which more was called than slots were free, and until when their calls go to the work queues. */
  readonly #overflow = new Map<string, number>();
  /** Told when a slot is free after none was, and nobody waits for it. */
  onRoom = (): void => {};

  constructor(total: number, settings: ReadonlyMap<string, ActivitySettings> = new Map()) {
    this.#total = total;
    this.#settings = settings;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  /** How many more may begin. */
  get room(): number {
    return this.#total - this.#used;
  }

  /** How many more of a name may begin. */
  roomFor(name: string): number {
    const limit = this.#settings.get(name)?.concurrency;
    return limit === undefined ? this.room : Math.min(this.room, limit - (this.#usedBy.get(name) ?? 0));
  }

  /** The calls of a name go to its work queue, behind those that are there already, until a time. */
  overflow(name: string, until: number): void {
    this.#overflow.set(name, until);
  }

  isOverflowing(name: string, now: number): boolean {
    if (this.#overflow.size === 0) return false;
    const until = this.#overflow.get(name);
    if (until !== undefined && until <= now) this.#overflow.delete(name);
    return until !== undefined && until > now;
  }

  /** Takes a slot, if there is one. */
  take(name: string): boolean {
    if (this.roomFor(name) <= 0) return false;
    this.#used++;
    if (this.#settings.get(name)?.concurrency !== undefined) this.#usedBy.set(name, (this.#usedBy.get(name) ?? 0) + 1);
    return true;
  }

  /** Begins the waiter when it has a slot. */
  wait(waiter: SlotWaiter): void {
    const others = this.#waiting.get(waiter.name);
    if (others) others.add(waiter);
    else this.#waiting.set(waiter.name, new Set([waiter]));
    this.#waitingCount++;
  }

  /** Waits no more; false: it has begun. */
  leave(waiter: SlotWaiter): boolean {
    const waiting = this.#waiting.get(waiter.name);
    if (!waiting?.delete(waiter)) return false;
    if (waiting.size === 0) this.#waiting.delete(waiter.name);
    this.#waitingCount--;
    return true;
  }

  release(name: string): void {
    const wasFull = this.room === 0 || this.roomFor(name) === 0;
    this.#used--;
    const used = this.#usedBy.get(name);
    if (used !== undefined) this.#usedBy.set(name, used - 1);
    if (this.#waitingCount > 0 && this.#beginNext()) return;
    if (wasFull) this.onRoom();
  }

  #beginNext(): boolean {
    for (const [name, waiters] of this.#waiting) {
      if (this.roomFor(name) <= 0) continue;
      const [next] = waiters;
      this.leave(next!);
      if (this.#waiting.delete(name)) this.#waiting.set(name, waiters); // the other names are next
      this.take(name);
      next!.begin();
      return true;
    }
    return false;
  }
}
