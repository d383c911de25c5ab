import test from 'ava';
import { connectTaskHub, OrchestrationContext, TaskHubClient, TaskHubWorker, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Counter } from '../../samples/counter/counter.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';

/** More than the purges that a partition remembers (docs/adr/0049). */
const COUNT = 130;
const all = Array.from({ length: COUNT }, (_, n) => `i${n}`);

@Orchestrator('waits')
class Waits {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.waitForExternalEvent('Go');
  }
}

test('P13: what was deleted and purged does not come back when the server is killed with -9', async (t) => {
  t.timeout(120_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'gone', servers: server.url, partitions: 1, logger: recordingLogger() });
  t.teardown(() => hub.close());
  const services = { entities: [Counter], orchestrators: [Waits] };
  const former = await TaskHubWorker.start(hub, services);
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  const heads = async (): Promise<number> => {
    let found = 0;
    for await (const _ of hub.ports.viewsOf(0).subjects(hub.ports.subjects.partition(0).heads)) found++;
    return found;
  };
  const each = (run: (id: string) => Promise<unknown>): Promise<unknown> => Promise.all(all.map(run));

  await client.callEntity(Counter, 'kept').add({ by: 5 });
  await each((id) => client.callEntity(Counter, id).add({ by: 1 }));
  await each((id) => client.startNew(Waits, undefined, { instanceId: id }));
  await until(async () => (await heads()) === 2 * COUNT + 1, 'the first heads');
  await each((id) => client.callEntity(Counter, id).add({ by: 1 }));
  await each(async (id) => {
    await client.raiseEvent(id, 'Go');
    await client.getHandle(Waits, id).result();
  });
  await each((id) => client.entities.delete(Counter, id));
  await each((id) => client.purge(id));
  await until(async () => (await heads()) === 1, 'the heads to be removed');

  await server.killAndRestart();
  t.is(await heads(), 1);
  await former.stop();
  const later = await TaskHubWorker.start(hub, services);
  t.teardown(() => later.stop());
  t.is((await client.countInstances()).total, 0);
  t.is(await client.callEntity(Counter, 'kept').get(), 5);
  const answers = await Promise.all(all.map((id) => client.callEntity(Counter, id).add({ by: 1 })));
  t.deepEqual([...new Set(answers)], [1], 'they begin anew');
});
