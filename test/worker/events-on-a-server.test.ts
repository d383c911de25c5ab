import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { storedSubjects } from '../stored-subjects.js';
import { until } from '../until.js';
import { Stage } from './stage.js';

/** Events and those who wait for them, in one execution and over many, on a real server. */

class Jobs {
  runs = 0;
  @Activity() count(): number {
    return ++this.runs;
  }
}

/** Waits for one task twice, and for one event three times. */
@Orchestrator('patient')
class Patient {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const task = ctx.callActivity(Jobs).count();
    const counts = [yield* task, yield* task, ...(yield* ctx.all([task, task]))];
    const [first, second, third] = ['Item', 'item', 'ITEM'].map((name) => ctx.waitForExternalEvent(name));
    return [counts, yield* ctx.all([third!, first!, second!])];
  }
}

/** Goes on as new when it is told to, without what it had not seen, and then takes one item. */
@Orchestrator('forgetful')
class Forgetful {
  @Run({ input: Number }) *run(round: number, ctx: OrchestrationContext): Orchestration<unknown> {
    if (round > 0) return yield* ctx.waitForExternalEvent('item');
    yield* ctx.waitForExternalEvent('next');
    ctx.continueAsNew(round + 1, { keepEvents: false });
    return undefined;
  }
}

/** Adds one event in each execution, for ever. */
@Orchestrator('eternal')
class Eternal {
  @Run({ input: 'unknown' }) *run(
    { rounds, sum }: { rounds: number; sum: number },
    ctx: OrchestrationContext,
  ): Orchestration<void> {
    const added = yield* ctx.waitForExternalEvent<number>('add');
    yield* ctx.callActivity(Jobs).count();
    ctx.continueAsNew({ rounds: rounds + 1, sum: sum + added });
  }
}

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

async function stage(name: string) {
  const jobs = new Jobs();
  const around = await Stage.on(server, name);
  const hosted = { orchestrators: [Patient, Forgetful, Eternal], activities: [jobs] };
  const worker = await around.start(hosted);
  const restart = async () => {
    await worker.stop();
    await around.start(hosted);
  };
  return Object.assign(around, { jobs, restart });
}

test('on a real server: a task that is waited for twice runs once, and waiters are served first come, first served', async (t) => {
  await using around = await stage('patient');
  const handle = await around.client.startNew(Patient);
  await around.reached(handle.instanceId, 'TaskCompleted');
  await handle.raiseEvent('ITEM', 1);
  await around.reached(handle.instanceId, 'EventRaised');
  await around.restart();
  for (const item of [2, 3]) await handle.raiseEvent('Item', item);
  t.deepEqual(await handle.result(), [
    [1, 1, 1, 1],
    [3, 1, 2],
  ]);
  t.is(around.jobs.runs, 1);
});

test('on a real server: without keepEvents what no code has seen is gone with its execution', async (t) => {
  await using around = await stage('forgetful');
  const handle = await around.client.startNew(Forgetful, 0);
  for (const item of ['early', 'too']) await handle.raiseEvent('item', item);
  await around.reached(handle.instanceId, 'EventRaised', 2);
  await handle.raiseEvent('next');
  await until(async () => (await handle.status()).input === 1, 'the next execution to begin');
  await around.restart();
  t.is((await handle.status()).runtimeStatus, 'Running');
  await handle.raiseEvent('item', 'late');
  t.is(await handle.result(), 'late');
});

test('on a real server: the history of an eternal orchestration does not grow, nor does what is stored of it', async (t) => {
  await using around = await stage('eternal');
  const handle = await around.client.startNew(Eternal, { rounds: 0, sum: 0 }, { instanceId: 'forever' });
  const stored = () => storedSubjects(server, { hub: 'eternal', partitions: 2, instanceId: 'forever' });
  const sizes: (readonly number[])[] = [];
  for (let rounds = 30; rounds <= 90; rounds += 30) {
    for (let n = 0; n < 30; n++) await handle.raiseEvent('add', 2);
    const isThere = async () => ((await handle.status()).input as { rounds: number }).rounds === rounds;
    await until(isThere, `${rounds} executions`);
    sizes.push([(await handle.history()).length, (await handle.status()).historyLength!]);
    // What a former execution has left is removed behind the next head.
    await until(async () => (await stored()).length === 1, 'one record stored');
    await around.restart();
  }
  t.deepEqual(sizes, [
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
  t.deepEqual((await handle.status()).input, { rounds: 90, sum: 180 });
});
