import { ActivityContext, OrchestrationContext, type ActivityOptions, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import type { OwnerOptions } from '../../lib/engine/partition-owner.js';
import type { Host } from '../../lib/engine/host.js';
import { shareActivities } from '../../lib/engine/shared-activities.js';
import { Loops } from '../../lib/engine/loops.js';
import { TaskWorker } from '../../lib/engine/task-worker.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { createHost } from '../../lib/worker/host.js';
import { MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

/** What a test knows of one run of an activity, and how it ends it. */
export interface SeenRun {
  readonly worker: string;
  readonly name: string;
  readonly input: unknown;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
  end(result?: unknown): void;
  fail(error: Error): void;
}

/** Activities that run until the test ends them; `slow` names no queue, `mail` waits in a queue of that name. */
export class Jobs {
  readonly runs: SeenRun[] = [];
  /** Called at each begin. */
  onBegin = (_run: SeenRun): void => {};

  constructor(readonly worker: string) {}

  get running(): number {
    return this.runs.filter(({ signal }) => !signal.aborted).length;
  }

  @Activity({ input: 'unknown' }) slow(input: unknown, context: ActivityContext): Promise<unknown> {
    return this.begin('slow', input, context);
  }
  @Activity({ input: 'unknown', queue: 'mail' }) mail(input: unknown, context: ActivityContext): Promise<unknown> {
    return this.begin('mail', input, context);
  }
  @Activity({ input: 'unknown', concurrency: 2 }) few(input: unknown, context: ActivityContext): Promise<unknown> {
    return this.begin('few', input, context);
  }
  @Activity({ input: 'unknown', hubConcurrency: 3 }) scarce(
    input: unknown,
    context: ActivityContext,
  ): Promise<unknown> {
    return this.begin('scarce', input, context);
  }
  @Activity({ input: 'unknown', startToCloseTimeoutInMilliseconds: 2_000 }) brief(
    input: unknown,
    context: ActivityContext,
  ): Promise<unknown> {
    return this.begin('brief', input, context);
  }

  begin(name: string, input: unknown, { attempt, idempotencyKey, signal }: ActivityContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const run = {
        worker: this.worker,
        name,
        input,
        attempt,
        idempotencyKey,
        signal,
        end: resolve,
        fail: reject,
      };
      this.runs.push(run);
      this.onBegin(run);
    });
  }
}

/** What `Caller` is to call, and how. */
export interface Calls {
  readonly name: string;
  readonly inputs: readonly unknown[];
  readonly options?: ActivityOptions;
}

/** Calls an activity once per input and gives all that came of it: results, and codes of failures. */
@Orchestrator('caller')
export class Caller {
  @Run({ input: 'unknown' }) *run(calls: unknown, context: OrchestrationContext): Orchestration<unknown[]> {
    const { name, inputs, options } = calls as Calls;
    const tasks = inputs.map((input) => context.callActivity(name, input, options));
    try {
      yield* context.all(tasks);
    } catch {
      // told below
    }
    return tasks.map((task) =>
      task.isFaulted ? (task.error as { failureDetails: { code: string } }).failureDetails.code : task.result,
    );
  }
}

/** Calls an activity twice, once with a deadline, and ends with the first of them. */
@Orchestrator('hasty')
export class Hasty {
  @Run({ input: String }) *run(name: string, context: OrchestrationContext): Orchestration<boolean> {
    const options = { scheduleToCloseTimeoutInMilliseconds: 3_000 };
    const first = yield* context.any([context.callActivity(name, 1, options), context.callActivity(name, 2)]);
    return first.isFaulted;
  }
}

/** Calls an activity and does not wait for it, only for an event; then it ends, or continues as new. */
@Orchestrator('leaver')
export class Leaver {
  @Run({ input: 'unknown' }) *run(call: unknown, context: OrchestrationContext): Orchestration<string> {
    const { name, again } = call as { name?: string; again?: boolean };
    if (name !== undefined) void context.callActivity(name, 1);
    yield* context.waitForExternalEvent('go');
    if (again) context.continueAsNew({});
    return 'left';
  }
}

/** A worker of the memory hub that owns all partitions, serves the work queues, or both. */
export class Service {
  readonly jobs: Jobs;
  readonly connection: MemoryConnection;
  readonly owners: MemoryWorker | undefined;
  readonly tasks: TaskWorker | undefined;
  readonly lines: string[] = [];

  constructor(
    hub: MemoryHub,
    name: string,
    does: { readonly owns?: boolean; readonly serves?: boolean; readonly activities?: readonly object[] },
    { slots, ...options }: OwnerOptions & { readonly slots?: number } = {},
  ) {
    this.jobs = new Jobs(name);
    const host: Host = createHost(name, {
      orchestrators: [Caller, Hasty, Leaver],
      activities: does.activities ?? [this.jobs],
    });
    const logger = recordingLogger(this.lines);
    const first = hub.connect(name);
    const shared = shareActivities(host, { clock: first.clock, logger }, slots);
    if (does.owns) this.owners = new MemoryWorker(hub, name, host, { ...options, activities: shared }, logger);
    this.connection = this.owners?.connection ?? first;
    if (does.serves)
      this.tasks = new TaskWorker(
        memoryHubPorts(this.connection, logger),
        host,
        shared,
        new Loops(this.connection.clock),
      );
  }

  async start(): Promise<void> {
    await this.owners?.claim();
    this.tasks?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.owners?.stop(), this.tasks?.stop(1_000)]);
  }

  kill(): void {
    this.connection.kill();
  }
}

/** Calls of ports, and what is to happen to those of the work queues. */
export class TaskFaults implements FaultPlan {
  readonly calls: PortCall[] = [];
  /** By operation; used up in order. */
  readonly faults = new Map<string, Fault[]>();

  next(call: PortCall): Fault {
    this.calls.push(call);
    const key = call.port === 'tasks' ? call.operation : `${call.port}.${call.operation}`;
    return this.faults.get(key)?.shift() ?? 'none';
  }

  count(operation: string): number {
    return this.calls.filter((call) => call.port === 'tasks' && call.operation === operation).length;
  }
}

/** The commit records of a partition that are still in its log. */
export function records(hub: MemoryHub, partition = 0) {
  return Array.from(hub.streams(partition).log.all(), ({ body }) => decodeRecord(body, 'A record')).flatMap((record) =>
    record.type === 'commit' ? [record] : [],
  );
}

/** A hub of one partition, a client, and what becomes of its orchestrations. */
export function taskSurroundings() {
  const around = surroundings(1);
  const { hub, client, settle, advance, world } = around;
  const faults = new TaskFaults();
  world.faults = faults;
  const start = async (...given: ConstructorParameters<typeof Service> extends [unknown, ...infer R] ? R : never) => {
    const service = new Service(hub, ...given);
    await settle(service.start());
    return service;
  };
  const call = (id: string, calls: Calls) => settle(client.start('caller', id, calls));
  const head = (id: string) => settle(client.orchestrationHead(id));
  const queue = (name: string) => hub.tasks.queue(name);
  /** Lets time pass until something holds, at most so many milliseconds; how long it took. */
  const until = async (holds: () => boolean | Promise<boolean>, limit = 60_000): Promise<number> => {
    const began = world.time;
    while (!(await holds())) {
      if (world.time - began > limit) throw new Error(`It does not hold after ${limit} ms`);
      await advance(10);
    }
    return world.time - began;
  };
  return { ...around, faults, start, call, head, queue, until };
}
