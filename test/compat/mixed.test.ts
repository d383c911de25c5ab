import test from 'ava';
import { IsNumber } from 'class-validator';
import { connectTaskHub, OrchestrationContext, TaskHubClient, TaskHubWorker, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer } from '../servers.js';
import { funcStart, outputOf } from './func.js';

class Booking {
  @IsNumber() amount!: number;
}

@Entity('ledger')
class Ledger {
  state = { total: 0 };
  @Operation() book({ amount }: Booking): void {
    this.state.total += amount;
  }
  @Operation({ readonly: true }) total(): number {
    return this.state.total;
  }
}

@Entity('counter')
class Counter {
  state = 0;
  @Operation() add(number: number): number {
    return (this.state += number);
  }
}

class Wishes {
  @Activity({ input: 'unknown' }) wish(wish: { name: string; what: string }): string {
    return `${wish.what} for ${wish.name}`;
  }
}

@Orchestrator('decoratedGreeting')
class DecoratedGreeting {
  @Run() *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.callActivity<string>('hello', name);
  }
}

@Orchestrator('decoratedMixed')
class DecoratedMixed {
  @Run() *run(name: string, ctx: OrchestrationContext): Orchestration<unknown> {
    const greeting = yield* ctx.callActivity<string>('hello', name);
    yield* ctx.callEntity('counter', name, 'add', 3);
    const count = yield* ctx.callEntity<number>('counter', name, 'get');
    const child = yield* ctx.callSubOrchestrator('fanOutFanIn', 2);
    return { greeting, count, child };
  }
}

test('functions and decorated classes of one hub call each other', async (t) => {
  const server = await startTestServer();
  const app = await funcStart(t, 'patterns', ['--server', server.url]);
  const hub = await connectTaskHub({ name: 'PatternsHub', servers: server.url });
  const orchestrators = [DecoratedGreeting, DecoratedMixed];
  const worker = await TaskHubWorker.start(hub, { entities: [Ledger], orchestrators, activities: [new Wishes()] });
  const client = new TaskHubClient(hub);
  const { refused, ...mixed } = (await outputOf(app.origin, 'mixed', 'Ada')) as { refused: string };
  t.deepEqual(mixed as object, { wished: 'luck for Ada', total: 5, child: 'Hello, Ada!' });
  t.regex(refused, /^ledger\.book failed: .*amount/);
  const handle = await client.startNew(DecoratedMixed, 'Bob');
  t.deepEqual(await handle.result(), {
    greeting: 'Hello, Bob!',
    count: 3,
    child: { sum: 6, first: 2, isCompleted: true },
  });
  t.is((await client.readEntityState('counter', 'Bob')).entityState, 3);
  app.run.child.kill('SIGTERM');
  t.is(await app.run.ended, 0);
  await worker.stop();
  const successor = await TaskHubWorker.start(hub, { entities: [Counter] });
  t.is(await client.callEntity(Counter, 'Bob').add(4), 7, 'a class takes over the entities of a function');
  await successor.stop();
  await client.close();
  await hub.close();
  await server.stop();
});
