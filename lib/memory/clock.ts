import type { Clock } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';

/** The longest delay a timer may be armed for, in milliseconds. */
const LONGEST = 3_600_000;

/** The world's time. */
export class MemoryClock implements Clock {
  constructor(readonly connection: MemoryConnection) {}

  now(): number {
    return this.connection.hub.world.time;
  }

  after(milliseconds: number, call: () => void): () => void {
    if (!(milliseconds <= LONGEST))
      throw new RangeError(`Timers are armed for an hour at most, not ${milliseconds} ms`);
    return this.connection.later(milliseconds, call);
  }
}
