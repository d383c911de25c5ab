import test from 'ava';
import { takeOver } from '../../lib/engine/recovery.js';
import { decodeDirectory } from '../../lib/wire/checkpoint-codec.js';
import { Counter } from './bank.js';
import { SessionClient } from './session-client.js';
import { hostOf, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

test('P10: of the sessions only drawers that have changed are stored again, and nothing else is left', async (t) => {
  const { hub, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Counter] }));
  await settle(worker.claim());
  const { state } = hub.streams(0);
  const drawers = () => {
    const { body } = state.latest('pd.test.0.c')!;
    return new Map(
      decodeDirectory(body, 'The checkpoint').drawers!.map(([drawer, pages]) => [drawer, pages[0]!.sequence]),
    );
  };
  const clients = Array.from({ length: 20 }, (_, i) => new SessionClient(hub, `client${i}`));
  for (const client of clients) client.hello();
  for (const client of clients) client.signal(1, client.token);
  await advance(2_500);
  const before = drawers();
  t.true(before.size > 10);
  clients[0]!.signal(2, 'again');
  await advance(2_500);
  const after = drawers();
  const changed = [...after].filter(([drawer, sequence]) => before.get(drawer) !== sequence);
  t.deepEqual([after.size, changed.length], [before.size, 1]);
  const pages = [...state.all()].filter(({ subject }) => subject.startsWith('pd.test.0.c.'));
  t.is(pages.length, after.size + 1);

  worker.connection.kill();
  const { tables } = await settle(takeOver(hub.connect('w2').ports(0, recordingLogger()), 'w2'));
  t.is(tables.sessions.size, 20);
  t.deepEqual(
    clients.map(({ session }) => tables.sessions.mark(session)),
    clients.map((_, i) => (i === 0 ? 2 : 1)),
  );
  t.is(tables.sessions.takeChanged().size, 0, 'what the former owner stored need not be stored again');
});
