import { TaskHubClient, type TaskHubClientOptions } from 'perdure';
import { noFaults, type FaultPlan } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import type { ValueLimitOptions } from '../../lib/wire/value-limits.js';
import { publishNames } from '../../lib/worker/known-names.js';
import type { Host } from '../../lib/engine/host.js';
import { bankHost, MemoryWorker, recordingLogger } from '../engine/surroundings.js';

/** A task hub in memory with clients and workers, whose time passes when the test says so. */
export class Surroundings {
  readonly world: MemoryWorld;
  readonly hub: MemoryHub;
  readonly client: TaskHubClient;

  constructor({
    seed = 1,
    faults = noFaults,
    limits = {},
  }: { seed?: number; faults?: FaultPlan; limits?: ValueLimitOptions } = {}) {
    this.world = new MemoryWorld({ seed, faults });
    this.hub = this.world.createHub('test', 2, limits);
    this.client = this.newClient('client');
  }

  newClient(name: string, options?: TaskHubClientOptions): TaskHubClient {
    return new TaskHubClient({ ports: memoryHubPorts(this.hub.connect(name), recordingLogger()) }, options);
  }

  /** A worker that owns all partitions. */
  async work(name = 'worker', host: Host = bankHost()): Promise<MemoryWorker> {
    const worker = new MemoryWorker(this.hub, name, host);
    await this.settle(publishNames(worker.ports.store, host));
    await this.settle(worker.claim());
    return worker;
  }

  /** The same, while it is still taking them over. */
  begin(name: string, host: Host = bankHost()): MemoryWorker {
    const worker = new MemoryWorker(this.hub, name, host);
    worker.claim().catch(() => {}); // it may be killed before it has claimed them all
    return worker;
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.world.scheduler.settle(promise, 120_000);
  }

  advance(milliseconds: number): Promise<void> {
    return this.world.scheduler.advance(milliseconds);
  }

  /** How many messages the mail streams have ever stored. */
  get stored(): number {
    return [0, 1].reduce((sum, partition) => sum + this.hub.streams(partition).mail.last, 0);
  }
}

/** The error that a promise rejects with, or that a call throws. */
export async function rejection(around: Surroundings, call: () => unknown): Promise<Error & { code?: string }> {
  try {
    await around.settle((async () => call())());
  } catch (error) {
    return error as Error;
  }
  throw new Error('It was accepted');
}
