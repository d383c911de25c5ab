import test from 'ava';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { takeOver } from '../../lib/engine/recovery.js';
import type { DeadLetter } from '../../lib/wire/dead-letter-codec.js';
import { Counter } from './bank.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger, text } from './surroundings.js';

const host = () => hostOf({ entities: [Counter] });

function surroundings(faults?: FaultPlan) {
  const world = new MemoryWorld({ faults });
  const hub = world.createHub('test', 1);
  const { scheduler } = world;
  const put = (subject: string, body: Uint8Array): void => void hub.streams(0).mail.store(subject, body, world.time);
  const letters = (): DeadLetter[] =>
    [...hub.deadLetters.all()].map(({ body }) => JSON.parse(text.decode(body)) as DeadLetter);
  return { hub, scheduler, put, letters, client: new MemoryClient(hub, 'client') };
}

const garbage = new TextEncoder().encode('{"v":1,"kind":"nonsense"}');
const mailbox = 'pd.test.0.m.e.counter.k';

test('mail that no instance can take is kept with the reason, and what follows goes on', async (t) => {
  const { hub, scheduler, put, letters, client } = surroundings();
  const lines: string[] = [];
  const worker = new MemoryWorker(hub, 'w', host(), {}, recordingLogger(lines));
  await scheduler.settle(worker.claim());
  put(mailbox, garbage);
  put('pd.test.0.m.nobody', Uint8Array.of(0xff, 0xfe));
  put(mailbox, new Uint8Array(900_000).fill(0x22));
  await scheduler.settle(client.signal('counter', 'k', 'add', 'after'));
  await scheduler.advance(1_000);
  t.deepEqual((await scheduler.settle(client.entityHead('counter', 'k')))?.state, { seen: ['after'] });
  const [nonsense, nobody, large] = letters();
  t.like(nonsense, { subject: mailbox, sequence: 1, index: 0, text: '{"v":1,"kind":"nonsense"}' });
  t.regex(nonsense!.reason, /kind/);
  t.like(nobody, { subject: 'pd.test.0.m.nobody', sequence: 2, base64: '//4=' });
  t.regex(nobody!.reason, /Not the mailbox of an instance/);
  t.is(large?.cutFrom, 900_000);
  t.is(letters().length, 3);
  t.is(lines.filter((line) => line.includes('goes to the dead letters')).length, 3);
  await scheduler.settle(worker.stop());
  const { tables } = await scheduler.settle(takeOver(hub.connect('w2').ports(0, recordingLogger()), 'w2'));
  t.is(tables.deadLetters, 3);
  t.is(tables.cursor, hub.streams(0).mail.last);
});

/** Kills the worker at its nth letter. */
class KillAtLetter implements FaultPlan {
  onKill: (() => void) | undefined;
  constructor(readonly fault: Fault) {}
  next({ port, connection }: PortCall): Fault {
    if (port !== 'deadLetters' || connection !== 'w') return 'none';
    this.onKill?.();
    return this.fault;
  }
}

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`a worker that dies while it stores a letter loses none: ${fault}`, async (t) => {
    const plan = new KillAtLetter(fault);
    const { hub, scheduler, put, letters } = surroundings(plan);
    const worker = new MemoryWorker(hub, 'w', host());
    plan.onKill = () => worker.connection.kill();
    await scheduler.settle(worker.claim());
    put(mailbox, garbage);
    await scheduler.advance(2_000);
    const next = new MemoryWorker(hub, 'w2', host());
    await scheduler.settle(next.claim());
    await scheduler.advance(2_000);
    t.is(letters().length, 1); // within the server's window a copy is known
  });

test('a flood of garbage is taken no faster than it is kept', async (t) => {
  const { hub, scheduler, put, letters, client } = surroundings();
  const worker = new MemoryWorker(hub, 'w', host());
  for (let i = 0; i < 5_000; i++) put(mailbox, garbage);
  await scheduler.settle(worker.claim());
  await scheduler.settle(client.signal('counter', 'k', 'add', 'after'));
  await scheduler.advance(3_000);
  t.is(letters().length, 5_000);
  t.deepEqual((await scheduler.settle(client.entityHead('counter', 'k')))?.state, { seen: ['after'] });
});
