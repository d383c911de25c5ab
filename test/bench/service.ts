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
  @Activity() next(number: number): number {
    return number + 1;
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

@Orchestrator('fan-out')
class FanOut {
  @Run({ input: Number }) *run(width: number, context: OrchestrationContext): Orchestration<number> {
    const tasks = Array.from({ length: width }, (_, i) => context.callActivity(Greetings).next(i));
    return (yield* context.all(tasks)).reduce((sum, number) => sum + number, 0);
  }
}

/** Steps one after another; then it waits for an event, if it is told to. */
@Orchestrator('steps')
class Steps {
  @Run({ input: 'unknown' }) *run(
    { count, waits }: { count: number; waits: boolean },
    context: OrchestrationContext,
  ): Orchestration<number> {
    let number = 0;
    while (number < count) number = yield* context.callActivity(Greetings).next(number);
    if (waits) yield* context.waitForExternalEvent('go');
    return number;
  }
}

@Orchestrator('transfer')
class Transfer {
  @Run({ input: 'unknown' }) *run(
    { from, to }: { from: string; to: string },
    context: OrchestrationContext,
  ): Orchestration<number> {
    const left = yield* context.callEntity(Tally, from).add(-1);
    yield* context.callEntity(Tally, to).add(1);
    return left;
  }
}

@Orchestrator('locked-transfer')
class LockedTransfer {
  @Run({ input: 'unknown' }) *run(
    { from, to }: { from: string; to: string },
    context: OrchestrationContext,
  ): Orchestration<number> {
    using _lock = yield* context.lock([Tally, from], [Tally, to]);
    const left = yield* context.callEntity(Tally, from).add(-1);
    yield* context.callEntity(Tally, to).add(1);
    return left;
  }
}

/** How late each of its timers fired, in milliseconds. */
@Orchestrator('alarms')
class Alarms {
  @Run({ input: 'unknown' }) *run(
    { due, count }: { due: number; count: number },
    context: OrchestrationContext,
  ): Orchestration<number[]> {
    const timers = Array.from({ length: count }, () => context.createTimer(new Date(due)));
    const late: number[] = [];
    for (const timer of timers) {
      yield* timer;
      late.push(context.currentUtcDateTime.getTime() - due);
    }
    return late;
  }
}

const [servers, name] = process.argv.slice(2);
await using hub = await connectTaskHub({ name: name!, servers });
await using worker = await TaskHubWorker.start(hub, {
  entities: [Tally],
  orchestrators: [HelloSequence, FanOut, Steps, Transfer, LockedTransfer, Alarms],
  activities: [new Greetings()],
});
process.once('disconnect', () => process.exit(1));
process.on('message', () => process.send?.({ memory: process.memoryUsage(), cpu: process.cpuUsage() }));
process.send?.('ready');
process.channel?.unref();
await worker.untilStopped();
