import type { Clock } from '../engine/ports.js';
import type { Turn } from './turn.js';

/** The longest delay a timer may be armed for, in milliseconds. */
const LONGEST = 3_600_000;

/**
 * The server's time (P19): carried forward by the platform's monotonic clock and held within what the server's answers
 * prove. It begins as the platform's own time and is right from the first answer on.
 */
export class ServerClock implements Clock {
  #offset = performance.timeOrigin;
  #latest = 0;
  readonly #turn: Turn;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  now(): number {
    this.#latest = Math.max(this.#latest, Math.floor(performance.now() + this.#offset));
    return this.#latest;
  }

  after(milliseconds: number, call: () => void): () => void {
    if (!(milliseconds <= LONGEST))
      throw new RangeError(`Timers are armed for an hour at most, not ${milliseconds} ms`);
    // Platform timers may fire up to a millisecond early. A timer alone keeps no process alive.
    const timer = setTimeout(call, Math.max(0, milliseconds) + 1);
    timer.unref?.();
    return () => clearTimeout(timer);
  }

  about(milliseconds: number, call: () => void): () => void {
    const now = performance.now();
    return this.after(Math.round(now / milliseconds + 1) * milliseconds - now, call);
  }

  soon(call: () => void): void {
    this.#turn.soon(call);
  }

  /** The server has stored a message at this time: it cannot be earlier now. */
  observe(serverTime: number): void {
    this.#offset = Math.max(this.#offset, serverTime - performance.now());
  }

  /** The server read its clock between a moment of the monotonic clock and now. */
  synchronize(serverTime: number, asked: number): void {
    this.#offset = Math.min(Math.max(this.#offset, serverTime - performance.now()), serverTime + 1 - asked);
  }
}
