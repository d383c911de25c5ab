import test from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { Stage } from './stage.js';
import { waiter } from './waiter.js';

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

/** It has something to own, and no orchestrators. */
@Entity('counter')
class Counter {
  state = 0;
  @Operation() add(): number {
    return ++this.state;
  }
}

test('on a real server: what was started is Pending while its code is nowhere, over a change of owners, and then goes on', async (t) => {
  await using stage = await Stage.on(server, 'nowhere');
  const { client } = stage;
  const former = await stage.start({ orchestrators: [waiter('1')] });
  await former.stop();
  const owner = await stage.start({ entities: [Counter] });
  const ids = ['a', 'b', 'c', 'd'];
  for (const instanceId of ids) await client.startNew('waiter', undefined, { instanceId, version: '1' });
  const expected = { runtimeStatus: 'Pending', version: '1', nameWithoutWorker: 'waiter@1', source: 'owner' };
  await using hub = await connectTaskHub({ name: 'nowhere', servers: server.url });
  await using other = new TaskHubClient(hub);
  for (const id of ids) t.like(await other.getHandle(id).status(), expected);
  await owner.stop();
  await stage.start({ entities: [Counter] });
  for (const id of ids) t.like(await other.getHandle(id).status(), expected);
  t.is((await other.countInstances({ runtimeStatus: 'Pending' })).total, ids.length);
  for (const id of ids) t.true(await other.raiseEvent(id, 'Go'));
  await stage.start({ orchestrators: [waiter('1')] });
  for (const id of ids) t.is(await client.getHandle(id).result(), '1');
});
