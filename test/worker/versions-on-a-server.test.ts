import test from 'ava';
import type { OrchestrationHandle } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { ChangedParcel, misfitOf, Parcel, PatchedParcel, Shop } from './parcels.js';
import { Stage } from './stage.js';
import { waiter } from './waiter.js';

/** Deployments of other code, and workers of several versions, on a real server. */

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
const activities = [new Shop()];

/** Parcels that were begun by the code of the first deployment, whose worker has stopped. */
async function begun(name: string): Promise<Stage> {
  const stage = await Stage.on(server, name);
  const first = await stage.start({ orchestrators: [Parcel], activities });
  for (const key of keys) await stage.client.startNew('parcel', key, { instanceId: key });
  for (const key of keys) await stage.reached(key, 'TaskCompleted');
  await first.stop();
  return stage;
}

const resultsOf = (stage: Stage, ids: readonly string[]): Promise<unknown[]> =>
  Promise.all(ids.map((id) => stage.client.getHandle(id).result()));

test('on a real server: what a deployment does not fit is suspended with the reason, and goes on after the next one', async (t) => {
  await using stage = await begun('changed');
  const { client } = stage;
  const changed = await stage.start({ orchestrators: [ChangedParcel], activities });
  for (const key of keys) await client.raiseEvent(key, 'Address', 'Oslo');
  for (const key of keys) {
    await stage.isIn(key, 'Suspended');
    t.regex((await client.getHandle(key).status()).reason!, misfitOf(key));
  }
  const fresh = await client.startNew('parcel', 'new');
  await fresh.raiseEvent('Address', 'Rome');
  t.is(await fresh.result(), 'wrapped new to Rome', 'others are not held up');
  await changed.stop();
  await stage.start({ orchestrators: [Parcel], activities });
  t.deepEqual(
    await resultsOf(stage, keys),
    keys.map((key) => `packed ${key} to Oslo`),
  );
});

test('on a real server: with ctx.patched what was begun goes on as it began, and what is new does the new', async (t) => {
  await using stage = await begun('patched');
  const { client } = stage;
  const patched = await stage.start({ orchestrators: [PatchedParcel], activities });
  await client.startNew('parcel', 'new', { instanceId: 'new' });
  await stage.reached('new', 'TaskCompleted');
  await patched.stop();
  await stage.start({ orchestrators: [PatchedParcel], activities });
  const ids = [...keys, 'new'];
  for (const id of ids) await client.raiseEvent(id, 'Address', 'Oslo');
  t.deepEqual(await resultsOf(stage, ids), [...keys.map((key) => `packed ${key} to Oslo`), 'wrapped new to Oslo']);
  await stage.reached('new', 'Patched');
});

/** It has something to own, and no orchestrators. */
@Entity('counter')
class Counter {
  state = 0;
  @Operation() add(): number {
    return ++this.state;
  }
}

test('on a real server: an instance goes to a worker of its version, whoever owns it', async (t) => {
  const partitions = 4;
  await using stage = await Stage.on(server, 'versions', partitions);
  const { client } = stage;
  await stage.start({ orchestrators: [waiter('1')] });
  for (const key of keys) await client.startNew('waiter', undefined, { instanceId: key });
  await stage.start({ orchestrators: [waiter('2')] });
  await stage.start({ entities: [Counter] });
  const owners = async () => (await client.inspect()).map(({ worker }) => worker);
  await until(async () => new Set(await owners()).size === 3, 'three workers to share the partitions');
  const named = new Map<string, string>(keys.map((key) => [key, '1']));
  const start = async (version: string, n: number): Promise<OrchestrationHandle> => {
    const handle = await client.startNew('waiter', undefined, { version, instanceId: `${version}-${n}` });
    named.set(handle.instanceId, version);
    return handle;
  };
  for (let n = 0; n < 4; n++) await Promise.all([start('1', n), start('2', n)]);
  const shares = (version: string) =>
    new Set(
      [...named].filter(([, its]) => its === version).map(([id]) => partitionOf(orchestrationAddress(id), partitions)),
    );
  t.true(shares('1').size === partitions && shares('2').size === partitions, 'each worker owns some of both versions');
  for (const id of named.keys()) await client.raiseEvent(id, 'Go');
  t.deepEqual(await resultsOf(stage, [...named.keys()]), [...named.values()]);
});
