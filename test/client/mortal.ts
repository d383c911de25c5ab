import { connectTaskHub, OrchestrationContext, TaskHubWorker, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Query, Run, Update } from 'perdure/decorators';

/** Counts its updates to three; a deadly one asks for an activity. */
@Orchestrator('mortal')
export class Mortal {
  #count = 0;
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<number> {
    yield* context.waitUntil(() => this.#count === 3);
    return this.#count;
  }
  @Update({ input: String }) add(how: string, context: OrchestrationContext): number {
    if (how === 'deadly') context.callActivity('die');
    return ++this.#count;
  }
  @Query() count(): number {
    return this.#count;
  }
}

/** Kills its process: once the record of the step that asked for it is stored, and before anybody is told. */
class Death {
  @Activity() die(): void {
    process.kill(process.pid, 'SIGKILL');
  }
}

export class Mercy {
  @Activity() die(): void {}
}

const [, , servers] = process.argv;
if (servers?.startsWith('nats://')) {
  const hub = await connectTaskHub({ name: 'orders', servers, partitions: 2 });
  const worker = await TaskHubWorker.start(hub, { orchestrators: [Mortal], activities: [new Death()] });
  process.stdout.write('ready\n');
  await worker.untilStopped();
}
