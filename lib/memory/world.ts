import { type FaultPlan, noFaults } from './faults.js';
import { MemoryHub } from './hub.js';
import type { ValueLimitOptions, ValueLimits } from '../wire/value-limits.js';
import { SeededRandom } from './random.js';
import { Scheduler } from './scheduler.js';

/** What a world is made from. */
export interface MemoryWorldOptions {
  /** Draws everything random. Default 1. */
  readonly seed?: number | undefined;
  /** What goes wrong. Default: nothing. */
  readonly faults?: FaultPlan | undefined;
}

/** The deterministic twin of a nats-server and its clients: the same seed and calls give the same run. */
export class MemoryWorld {
  readonly scheduler = new Scheduler();
  readonly random: SeededRandom;
  faults: FaultPlan;

  constructor({ seed = 1, faults = noFaults }: MemoryWorldOptions = {}) {
    this.random = new SeededRandom(seed);
    this.faults = faults;
  }

  /** A new task hub, empty. Default: 8 partitions, of whose streams there is one copy. */
  createHub(name: string, partitions = 8, limits: ValueLimits | ValueLimitOptions = {}, replicas = 1): MemoryHub {
    return new MemoryHub(this, name, partitions, limits, replicas);
  }

  /** The server's time in milliseconds since 1970; the world begins at a fixed moment. */
  get time(): number {
    return START + Math.floor(this.scheduler.now);
  }
}

/** 2025-01-01T00:00:00Z. */
const START = 1_735_689_600_000;
