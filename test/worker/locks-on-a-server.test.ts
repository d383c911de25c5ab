import test from 'ava';
import { Account, Bare, Holder, Slow, pausing } from '../client/lock-classes.js';
import { startTestServer, type TestServer } from '../servers.js';
import { storedOfEntities } from '../stored-subjects.js';
import { until } from '../until.js';
import { Stage } from './stage.js';

/** Critical sections on a real server. */

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
  pausing.pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
});
test.after.always(() => server?.stop());

const hosted = { entities: [Account], orchestrators: [Bare, Holder, Slow] };

async function bank(name: string) {
  const around = await Stage.on(server, name);
  const worker = await around.start(hosted);
  const { client } = around;
  const log = async (key: string): Promise<readonly string[]> =>
    (await client.readEntityState(Account, key)).entityState?.log ?? [];
  const isLocked = async (key: string): Promise<boolean> =>
    (await client.readEntityState(Account, key)).lockedBy !== undefined;
  const isHeldBy = (key: string, by: string) =>
    until(
      async () => (await client.readEntityState(Account, key)).lockedBy?.instanceId === by,
      `${key} to be locked by ${by}`,
    );
  const hold = (id: string, keys: readonly string[], more: object = {}) =>
    client.startNew('holder', { name: id, keys, ...more }, { instanceId: id });
  return Object.assign(around, { worker, log, isLocked, isHeldBy, hold });
}

test('on a real server: P22: sections follow one another, also over another worker', async (t) => {
  await using around = await bank('sections');
  const { client, worker, log, isHeldBy, hold, isLocked } = around;
  const names = ['one', 'two', 'three'];
  for (const name of names) await hold(name, ['b', 'a']);
  for (const name of names) {
    await isHeldBy('b', name);
    await client.signalEntity(Account, 'a').note(`during ${name}`);
    if (name === 'two') {
      await worker.stop();
      await around.start(hosted);
      await isHeldBy('a', 'two');
    }
    await client.raiseEvent(name, 'Go');
    t.is(await client.getHandle(name).result(), 'done');
  }
  await until(async () => (await log('a')).length === 9, 'all notes to be taken');
  const notes = await log('a');
  for (const name of names) t.is(notes.indexOf(`${name}-`), notes.indexOf(`${name}+`) + 1, notes.join(' '));
  t.false(await isLocked('a'));
});

test('on a real server: P22: a holder that is terminated, fails or loses its lease leaves no lock', async (t) => {
  await using around = await bank('ends');
  const { client, isHeldBy, hold } = around;
  await hold('terminated', ['a', 'b']);
  await isHeldBy('b', 'terminated');
  await hold('failing', ['a', 'b'], { end: 'fail' });
  await client.terminate('terminated');
  await isHeldBy('b', 'failing');
  await hold('lazy', ['a', 'b'], { lease: 1_500 });
  await hold('last', ['a', 'b']);
  await client.raiseEvent('failing', 'Go');
  await isHeldBy('b', 'last'); // behind the lease of the lazy one
  await client.raiseEvent('lazy', 'Go');
  t.is(await client.getHandle('lazy').result(), 'lost');
  const [locked] = (await client.inspect()).flatMap((status) =>
    status.worker === undefined ? [] : (status.locked ?? []),
  );
  t.is(locked?.lockedBy, 'last');
  t.true(await client.breakLock(Account, 'a'));
  await client.raiseEvent('last', 'Go');
  t.is(await client.getHandle('last').result(), 'lost');
  await until(async () => (await client.readEntityState(Account, 'b')).lockedBy === undefined, 'the last lock to end');
});

test('on a real server: P22: of what is locked and does not exist nothing stays stored, and its numbers rise', async (t) => {
  await using around = await bank('bare');
  const { client, worker } = around;
  const stored = () => storedOfEntities(server, { hub: 'bare', partitions: 2, entity: 'account' });
  const section = async (wait: number) => client.startNew(Bare, wait);
  const first = await section(1_500);
  await until(async () => (await stored()).length >= 4, 'heads and wake records to be stored');
  t.deepEqual(await first.result(), [1, 1]);
  await until(async () => (await stored()).length === 0, 'nothing to be stored any more');
  await worker.stop();
  await around.start(hosted);
  for (const wait of [0, 500]) {
    const [x, y] = await (await section(wait)).result();
    t.true(x! > 1 && y! > 1, `${x} ${y}`);
  }
  await until(async () => (await stored()).length === 0, 'nothing to be stored in the end');
});
