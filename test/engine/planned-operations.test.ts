import test from 'ava';
import type { Message } from '../../lib/wire/messages.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import { Diary, Listener, runs } from './plans.js';
import { hostOf, MemoryWorker, outcomesAt, recordingLogger, surroundings } from './surroundings.js';

const host = () => hostOf({ entities: [Diary], orchestrators: [Listener] });

async function opened(seed = 1) {
  const scene = surroundings(3, seed);
  const lines: string[] = [];
  const start = async (name: string) => {
    const worker = new MemoryWorker(scene.hub, name, host(), {}, recordingLogger(lines));
    await scene.settle(worker.claim());
    return worker;
  };
  const worker = await start('one');
  const began = scene.world.time;
  const head = (key: string) => scene.settle(scene.client.entityHead('diary', key));
  /** What a diary has noted, with the time since the beginning in tenths of a second. */
  const notes = async (key: string): Promise<string[]> => {
    const { state } = (await head(key)) ?? {};
    return ((state as Diary['state'] | undefined)?.notes ?? []).map((note) =>
      note.replace(/\d{6,}(\.\d+)?$/, (at) =>
        String(Math.floor((Number(at) - scene.client.ports.clock.now() + scene.world.time - began) / 100)),
      ),
    );
  };
  return { ...scene, worker, start, lines, notes, head };
}

test.serial('a signal of a time waits with its entity until then, also when that is idle', async (t) => {
  const { client, settle, advance, notes, head, lines } = await opened();
  await settle(client.signal('diary', 'a', 'noteLater', 10_000));
  await advance(9_000);
  t.deepEqual(await notes('other'), []);
  t.is((await head('other'))?.planned?.length, 2);
  t.is((await head('a'))?.planned?.length, 1);
  await advance(2_000);
  t.deepEqual(await notes('a'), ['self 100']);
  t.deepEqual(await notes('other'), ['sent 100', 'by name 100']);
  t.is((await head('other'))?.planned, undefined);
  t.deepEqual(lines, []);
});

test.serial('what an operation planned, started and raised is gone when it throws', async (t) => {
  const { client, settle, advance, head, notes } = await opened();
  await settle(client.signal('diary', 'a', 'noteLaterThenThrow', 1_000));
  await advance(5_000);
  t.deepEqual([await notes('a'), await notes('other')], [[], []]);
  t.is(await head('a'), undefined);
});

test.serial(
  'a signal of a time from a client is carried out once, also when the owner dies and another takes over',
  async (t) => {
    const { client, settle, advance, notes, start, worker } = await opened();
    const due = client.ports.clock.now() + 20_000;
    const signal = { kind: 'operation', name: 'note', input: 'mail', due } as Message;
    await settle(client.send(entityAddress({ name: 'diary', key: 'a' }), signal));
    await advance(3_000);
    worker.connection.kill();
    const second = await start('two');
    await advance(3_000);
    second.connection.kill();
    await advance(20_000); // it is due while nobody is there
    await start('three');
    await advance(3_000);
    t.is((await notes('a')).length, 1);
  },
);

test.serial('reminders come at their times, without drift, until they are cancelled', async (t) => {
  const { client, settle, advance, notes, head, lines } = await opened();
  await settle(client.signal('diary', 'a', 'remind', 3_000));
  await advance(10_500);
  t.deepEqual(await notes('a'), ['tick 30', 'tick 60', 'once 60', 'tick 90']);
  t.deepEqual(
    (await head('a'))?.planned?.map(({ reminder }) => reminder),
    ['tick'],
  );
  await settle(client.signal('diary', 'a', 'forget', 'tick'));
  await advance(10_000);
  t.is((await notes('a')).length, 4);
  t.deepEqual(lines, []);
});

test.serial('a reminder survives its owner, and comes once for all times that were missed', async (t) => {
  const { client, settle, advance, notes, worker, start } = await opened();
  await settle(client.signal('diary', 'a', 'remind', 10_000));
  await advance(15_000);
  worker.connection.kill();
  await advance(40_000);
  const next = await start('two');
  await advance(2_000);
  t.is((await notes('a')).length, 3); // the first, one for four that were missed, and the one that comes once
  await advance(10_000);
  const ticks = (await notes('a')).filter((note) => note.startsWith('tick'));
  t.deepEqual([ticks[0], ticks[2]], ['tick 100', 'tick 600']);
  await settle(next.stop());
});

test.serial('a reminder whose operation fails comes again', async (t) => {
  const { client, settle, advance, notes, lines } = await opened();
  await settle(client.signal('diary', 'a', 'failOften', 1_000));
  await advance(15_000);
  t.deepEqual(await notes('a'), ['fail']);
  t.true(lines.length >= 9 && lines.length <= 10, String(lines.length));
});

test.serial('an entity that is deleted has no reminders, and nothing of it stays stored', async (t) => {
  const { client, settle, advance, notes, head } = await opened();
  await settle(client.signal('diary', 'a', 'remind', 1_000));
  await advance(1_500);
  t.is((await notes('a')).length, 1);
  await settle(client.signal('diary', 'a', 'burn'));
  await advance(10_000);
  t.is(await head('a'), undefined);
  t.deepEqual(await notes('a'), []);
  await settle(client.signal('diary', 'a', 'note', 'again'));
  await advance(2_000);
  t.is((await notes('a')).length, 1);
  await settle(client.signal('diary', 'a', 'burn'));
  await advance(5_000);
  t.is(await head('a'), undefined);
});

test.serial('an entity whose state becomes undefined is deleted with its reminders', async (t) => {
  const { client, settle, advance, head } = await opened();
  await settle(client.signal('diary', 'a', 'remind', 1_000));
  await advance(500);
  await settle(client.signal('diary', 'a', 'lose'));
  await advance(5_000);
  t.is(await head('a'), undefined);
});

test.serial('an operation starts an orchestration and raises events, in the order of its calls', async (t) => {
  const { client, settle, advance, notes } = await opened();
  await settle(client.signal('diary', 'a', 'begin', 'of a diary'));
  await advance(2_000);
  const head = await settle(client.orchestrationHead('of a diary'));
  t.like(head, { status: 'Completed', output: ['hello', 'early', 'late'], tags: { by: 'a' } });
  await advance(5_000);
  t.is((await notes('of a listener')).length, 1);
  const inbox = '_INBOX.any';
  const outcomes = outcomesAt(client.ports, inbox);
  const call = { kind: 'operation', name: 'beginAny', reply: inbox } as Message;
  await settle(client.send(entityAddress({ name: 'diary', key: 'a' }), call));
  await advance(2_000);
  const id = outcomes[0]?.result as string;
  t.is((await settle(client.orchestrationHead(id)))?.name, 'listener');
});

test.serial(
  'P18: a reminder whose operation calls another entity calls it once, also when its process dies meanwhile',
  async (t) => {
    for (let killAt = 5_000; killAt < 5_012; killAt += 1) {
      runs.length = 0;
      const { client, settle, advance, notes, start, worker } = await opened(killAt);
      await settle(client.signal('diary', 'a', 'callLater', 4_980));
      await advance(killAt);
      worker.connection.kill();
      await start('two');
      for (let i = 0; i < 3; i++) await settle(client.signal('diary', 'a', 'note', 'x'));
      await advance(10_000);
      t.is((await notes('called')).length, 1, String(killAt));
      t.is((await notes('a')).filter((note) => note === 'was told').length, 1, String(killAt));
    }
  },
);

test.serial('an entity keeps so many operations for their times; more are refused', async (t) => {
  const { hub, client, settle, advance, head, lines } = await opened();
  const due = client.ports.clock.now() + 1_000_000;
  const signal = { kind: 'operation', name: 'note', input: 'x', due } as Message;
  const sent = Array.from({ length: 1_001 }, () => client.send(entityAddress({ name: 'diary', key: 'a' }), signal));
  await settle(Promise.all(sent));
  await advance(5_000);
  t.is((await head('a'))?.planned?.length, 1_000);
  t.is(lines.length, 1);
  t.regex(lines[0]!, /dead letters.*e\.diary\.a keeps 1,000 operations/);
  t.is([...hub.deadLetters.all()].length, 1);
});

test.serial(
  'an entity keeps so many bytes of operations for their times; what is carried out makes room',
  async (t) => {
    const { hub, client, settle, advance, head } = await opened();
    const due = client.ports.clock.now() + 100_000;
    const signal = (at: number) => {
      const message = { kind: 'operation', name: 'note', input: 'é'.repeat(20_000), due: at } as Message;
      return settle(client.send(entityAddress({ name: 'diary', key: 'a' }), message));
    };
    for (let i = 0; i < 8; i++) await signal(due + i);
    await advance(2_000);
    t.is((await head('a'))?.planned?.length, 6);
    t.is([...hub.deadLetters.all()].length, 2);
    await advance(110_000);
    t.is((await head('a'))?.planned, undefined);
    await signal(due + 1_000_000);
    await advance(2_000);
    t.is((await head('a'))?.planned?.length, 1);
  },
);

for (const pause of [200, 5_000])
  test.serial(
    `P13: a head that is stored once more after its entity was deleted is believed by no owner: ${pause} ms later`,
    async (t) => {
      const { hub, world, client, settle, advance, notes, head, start, worker } = await opened();
      await settle(client.signal('diary', 'a', 'noteLater', 300));
      await settle(client.signal('diary', 'a', 'note', 'old'));
      await advance(200);
      const streams = [0, 1, 2].map((partition) => hub.streams(partition).state);
      const state = streams.find((stream) =>
        [...stream.subjects()].some((subject) => subject.endsWith('.s.e.diary.a')),
      )!;
      const { subject, body } = [...state.all()].find((stored) => stored.subject.endsWith('.s.e.diary.a'))!;
      await advance(300);
      await settle(client.signal('diary', 'a', 'burn'));
      await advance(pause);
      t.is(await head('a'), undefined);
      t.not(state.store(subject, body, world.time, { after: 0 }), undefined); // the server carries a write out once more
      worker.connection.kill();
      await start('two');
      await settle(client.signal('diary', 'a', 'note', 'new'));
      await advance(2_000);
      t.deepEqual(
        (await notes('a')).map((note) => note.split(' ')[0]),
        ['new'],
      );
    },
  );
