import { TaskHubClient } from 'perdure';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { TaskHubWorker, type TaskHubWorkerOptions } from '../../lib/worker/task-hub-worker.js';
import { recordingLogger } from '../contract/harness.js';

/** A task hub in virtual time, with workers as a user starts them, and a client. */
export class MemoryTaskHub {
  readonly world = new MemoryWorld({ seed: 1 });
  readonly hub: MemoryHub;
  readonly client: TaskHubClient;
  /** Warnings and errors, with their instances. */
  readonly lines: string[] = [];

  constructor(partitions = 4) {
    this.hub = this.world.createHub('test', partitions);
    this.client = new TaskHubClient(this.connect('client'), { timeoutInMilliseconds: 120_000 });
  }

  connect(name: string) {
    const connection = this.hub.connect(name);
    const keep = (line: string, { instance }: { readonly instance: string }): void =>
      void this.lines.push(`${instance}: ${line}`);
    return { connection, ports: memoryHubPorts(connection, { ...recordingLogger([]), warn: keep, error: keep }) };
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.world.scheduler.settle(promise);
  }

  async advance(milliseconds: number): Promise<void> {
    await this.world.scheduler.advance(milliseconds);
  }

  async start(name: string, hosted: TaskHubWorkerOptions): Promise<TaskHubWorker> {
    return this.settle(TaskHubWorker.start({ ports: this.connect(name).ports }, hosted));
  }

  async stop(worker: TaskHubWorker): Promise<void> {
    await this.settle(worker.stop());
  }
}
