/** The worker of the benchmarks, a process of its own. Arguments: server, hub. Tells its parent its memory and CPU time when asked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTaskHub, TaskHubWorker, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

@Entity('tally')
class Tally {
  state = { total: 0 };
  @Operation({ input: Number }) add(by: number): number {
    return (this.state.total += by);
  }
  @Operation({ input: Number }) async slowly(milliseconds: number): Promise<number> {
    await sleep(milliseconds);
    return ++this.state.total;
  }
}

class Greetings {
  @Activity() hello(city: string): string {
    return `Hello, ${city}!`;
  }
}

@Orchestrator('hello-sequence')
class HelloSequence {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string[]> {
    const greetings: string[] = [];
    for (const city of ['Tokyo', 'Seattle', 'Cairo'])
      greetings.push(yield* context.callActivity(Greetings).hello(city));
    return greetings;
  }
}

const [servers, name] = process.argv.slice(2);
await using hub = await connectTaskHub({ name: name!, servers });
await using worker = await TaskHubWorker.start(hub, {
  entities: [Tally],
  orchestrators: [HelloSequence],
  activities: [new Greetings()],
});
process.once('disconnect', () => process.exit(1));
process.on('message', () => process.send?.({ memory: process.memoryUsage(), cpu: process.cpuUsage() }));
process.send?.('ready');
process.channel?.unref();
await worker.untilStopped();
