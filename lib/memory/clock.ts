import type { Clock } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';

/** The longest delay a timer may be armed for, in milliseconds. */
const LONGEST = 3_600_000;

/** The world's time, as far as this process knows it. */
export class MemoryClock implements Clock {
  /** How far it is ahead of the server's time, in milliseconds; behind it when negative. */
  skew = 0;
  #latest = 0;
  #leap = 0;

  constructor(readonly connection: MemoryConnection) {}

  now(): number {
    this.#latest = Math.max(this.#latest, this.connection.hub.world.time + this.skew + this.#leap);
    return this.#latest;
  }

  /**
   * The clock leaps, ahead or back, and is wrong until the server answers the next request: after that it stands still
   * until the truth has caught up with what it said, for time never goes back.
   */
  leap(milliseconds: number): void {
    this.#leap += milliseconds;
  }

  /** The server has answered a request. */
  synchronize(): void {
    this.#leap = 0;
  }

  after(milliseconds: number, call: () => void): () => void {
    if (!(milliseconds <= LONGEST))
      throw new RangeError(`Timers are armed for an hour at most, not ${milliseconds} ms`);
    return this.connection.later(milliseconds, call);
  }

  about(milliseconds: number, call: () => void): () => void {
    return this.after(milliseconds, call);
  }

  soon(call: () => void): void {
    this.connection.later(0, call);
  }
}
