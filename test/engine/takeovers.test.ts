import test from 'ava';
import { ActivationCache } from '../../lib/engine/activation-cache.js';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import type { Host } from '../../lib/engine/host.js';
import type { PortCall } from '../../lib/memory/faults.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { MemoryStream } from '../../lib/memory/stream.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import type { StoredMessage } from '../../lib/engine/ports.js';
import { Counter, Nap } from './bank.js';
import { partitionOf } from '../../lib/wire/addresses.js';
import { bankHost, bytes, hostOf, MemoryClient, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

const never = new Promise<void>(() => {});

/** What activities and slow operations wait for, in the process that is up now. */
let gate: Promise<void>;

class Work {
  @Activity({ input: String }) async go(id: string): Promise<string> {
    await gate;
    return id;
  }
}

@Entity('sequence')
class Sequence {
  state = { seen: [] as string[] };
  @Operation({ input: String }) add(id: string): void {
    this.state.seen.push(id);
  }
  @Operation({ input: String }) async slowly(id: string): Promise<void> {
    await gate;
    this.state.seen.push(id);
  }
}

@Orchestrator('once')
class Once {
  @Run({ input: String }) *run(id: string, context: OrchestrationContext): Orchestration<void> {
    yield* context.callActivity(Work).go(id);
    context.signalEntity(Sequence, 's').slowly(id);
  }
}

@Orchestrator('twice')
class Twice {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<void> {
    context.signalEntity(Sequence, 's').add('first');
    yield* context.callActivity(Work).go('x');
    context.signalEntity(Sequence, 's').add('second');
  }
}

const host = (): Host => hostOf({ entities: [Sequence], orchestrators: [Once, Twice], activities: [new Work()] });

test('C4: what runs during a takeover is not delivered again behind it', async (t) => {
  let reads = 0;
  let isSlow = false;
  // The second instance that the takeover loads comes 300 ms after the first.
  const next = ({ connection, operation }: PortCall) => {
    if (connection !== 'w2') return 'none';
    if (operation === 'scan') isSlow = true;
    return isSlow && operation === 'read' && ++reads === 2 ? { delay: 300 } : 'none';
  };
  const world = new MemoryWorld({ faults: { next } });
  const hub = world.createHub('test', 1);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  gate = never;
  const first = new MemoryWorker(hub, 'w1', host());
  await settle(first.claim());
  for (const id of ['A', 'B']) await settle(client.start('once', id, id));
  await world.scheduler.advance(2_500);
  first.connection.kill();
  gate = Promise.resolve();
  const second = new MemoryWorker(hub, 'w2', host());
  await settle(second.claim());
  await world.scheduler.advance(2_000);
  const state = (await settle(client.entityHead('sequence', 's')))?.state as { seen: string[] };
  t.deepEqual(state.seen.toSorted(), ['A', 'B']);
  t.true(reads >= 2);
});

test('C6: a message of a former owner stands before those that its sender sends afterwards', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  gate = never;
  const first = new MemoryWorker(hub, 'w1', host());
  await settle(first.claim());
  await settle(client.signal('sequence', 's', 'slowly', 'before'));
  await advance(50);
  await settle(client.start('twice', 't'));
  await advance(2_500);
  first.connection.kill();
  gate = Promise.resolve();
  await settle(new MemoryWorker(hub, 'w2', host()).claim());
  await advance(2_000);
  t.deepEqual((await settle(client.entityHead('sequence', 's')))?.state, { seen: ['before', 'first', 'second'] });
});

/** Puts a stream in the place of another that holds only some of its messages. */
function goBack(hub: MemoryHub, kind: 'log' | 'mail', messages: readonly StoredMessage[]): void {
  const stream = new MemoryStream(false);
  let last = 0;
  for (const { sequence, subject, body, time } of messages) {
    while (++last < sequence) stream.store(subject, new Uint8Array(), time);
    stream.store(subject, body, time);
  }
  stream.purgeBelow(messages[0]!.sequence);
  Object.assign(hub.streams(0), { [kind]: stream });
}

test('P12: a log that lost what the checkpoint knows is refused as often as it is tried', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  const records = new Map<number, StoredMessage>();
  for (let i = 0; i < 40; i++) {
    await settle(client.signal('counter', `k${i % 5}`, 'add', `s${i}`));
    await advance(50);
    for (const record of hub.streams(0).log.all()) records.set(record.sequence, record);
  }
  worker.connection.kill();
  const kept = [...records.values()];
  goBack(hub, 'log', kept.slice(0, -30).slice(-5));
  const end = hub.streams(0).log.last;
  for (let attempt = 1; attempt <= 40; attempt++) {
    const next = new MemoryWorker(hub, `next${attempt}`, bankHost());
    await t.throwsAsync(settle(next.claim()), {
      code: 'PERDURE_STORAGE_REGRESSED',
      message: /-0-log ends at 11, .* the stream lost acknowledged records/,
    });
  }
  t.is(hub.streams(0).log.last, end, 'no record fills the hole');
});

test('P12: a log that lost what only other partitions know of is refused within 10 s: what is recorded in its place would be a copy to them', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const [from, to] = [0, 1].map((partition) => {
    for (let n = 0; ; n++) if (partitionOf(`e.counter.k${n}`, 2) === partition) return `k${n}`;
  }) as [string, string];
  const first = new MemoryWorker(hub, 'first', bankHost());
  await settle(first.claim());
  await settle(client.signal('counter', from, 'add', 'one'));
  await advance(3_000);
  const { log, state } = hub.streams(0);
  const [end, stored] = [log.last, state.last];
  await settle(client.signal('counter', from, 'forward', to));
  await advance(40); // the other partition has taken it, and no head and no checkpoint of this one shows it
  first.connection.kill();
  t.true(log.last > end);
  t.is(state.last, stored);
  log.rewind(end);
  const lines: string[] = [];
  const second = new MemoryWorker(hub, 'second', bankHost(), {}, recordingLogger(lines));
  await settle(second.claim());
  const [one, other] = second.owners.map((owner) => {
    const seen: { reason?: Error | undefined } = {};
    void owner.ended.then((reason) => (seen.reason = reason));
    return seen;
  });
  await advance(10_000);
  t.like(one!.reason, { code: 'PERDURE_STORAGE_REGRESSED' });
  t.regex(
    one!.reason!.message,
    /^Stream PD-test-0-log ended at \d+, but partition 1 has received what record \d+ sent: /,
  );
  t.is(other!.reason, undefined);
});

test('P12: mail that went back is refused also when new mail has filled the hole', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  for (let i = 0; i < 5; i++) await settle(client.signal('counter', 'k', 'add', `s${i}`));
  await advance(300);
  await settle(worker.stop());
  goBack(hub, 'mail', [...hub.streams(0).mail.all()].slice(0, 2));
  for (let i = 0; i < 6; i++) {
    const next = new MemoryWorker(hub, `next${i}`, bankHost());
    await t.throwsAsync(settle(next.claim()), { code: 'PERDURE_STORAGE_REGRESSED', message: /mail was taken up to 6/ });
    await settle(new MemoryClient(hub, `late${i}`).signal('counter', 'k', 'add', `late${i}`));
  }
});

test('P12: an owner whose mail went back says so, and takes no more of it', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  for (let i = 0; i < 5; i++) await settle(client.signal('counter', 'k', 'add', `s${i}`));
  await advance(300);
  const held = hub.streams(0).mail;
  goBack(hub, 'mail', [...held.all()].slice(0, 2));
  held.store('pd.test.0.m.o.x', new Uint8Array(), 0); // wakes who waits for mail
  t.like(await settle(worker.owners[0]!.ended), { code: 'PERDURE_STORAGE_REGRESSED' });
});

test('P12: a state stream that lost a head is said, and nothing waits for it in silence', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost(), { activations: new ActivationCache(0) });
  await settle(worker.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await advance(4_000);
  const { state } = hub.streams(0);
  state.remove(state.latest(client.ports.partition(0).subjects.head('e.counter.k'))!.sequence);
  await settle(client.signal('counter', 'k', 'add', 'two'));
  t.like(await settle(worker.owners[0]!.ended), { code: 'PERDURE_STORAGE_REGRESSED' });
});

test('P12: a checkpoint that went back is said', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await advance(2_000);
  const { state } = hub.streams(0);
  const { checkpoint } = client.ports.partition(0).subjects;
  const { body, time } = state.latest(checkpoint)!;
  await settle(client.signal('counter', 'k', 'add', 'two'));
  await advance(2_000);
  state.store(checkpoint, body, time);
  await settle(client.signal('counter', 'k', 'add', 'three'));
  t.like(await settle(worker.owners[0]!.ended), { code: 'PERDURE_STORAGE_REGRESSED' });
});

test('a takeover that fails half-way leaves nothing behind that runs or listens', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const first = new MemoryWorker(hub, 'w1', bankHost());
  await settle(first.claim());
  await settle(client.start('nap', 'n', 60_000));
  await advance(2_000);
  await settle(first.stop());
  const { state } = hub.streams(0);
  state.store(client.ports.partition(0).subjects.wake('o.n'), bytes({ v: 2 }), 0);
  const { listeners } = hub.topics;
  const before = listeners.size;
  for (let i = 0; i < 3; i++) {
    const next = new MemoryWorker(hub, `next${i}`, bankHost());
    await t.throwsAsync(settle(next.claim()), { code: 'PERDURE_VERSION_TOO_NEW' });
  }
  await advance(100);
  t.is(listeners.size, before);
});

test('sleeping instances do not crowd out those that are in use', async (t) => {
  let reads = 0;
  const next = ({ connection, operation, port }: PortCall) => {
    if (connection === 'w2' && port === 'views' && operation === 'read') reads++;
    return 'none' as const;
  };
  const world = new MemoryWorld({ faults: { next } });
  const hub = world.createHub('test', 1);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const first = new MemoryWorker(hub, 'w1', bankHost());
  await settle(first.claim());
  for (let i = 0; i < 50; i++) await settle(client.start('nap', `n${i}`, 3_000_000));
  await world.scheduler.advance(1_500);
  await settle(first.stop());
  const second = new MemoryWorker(hub, 'w2', hostOf({ entities: [Counter], orchestrators: [Nap] }), {
    activations: new ActivationCache(100_000),
  });
  await settle(second.claim());
  reads = 0;
  for (let i = 0; i < 10; i++) {
    await settle(client.signal('counter', 'k', 'add', `s${i}`));
    await world.scheduler.advance(2_000);
  }
  t.is(reads, 0);
});

test('P11: a takeover asks a deposed leader for wake records until it knows of the takeover: no timer is missed', async (t) => {
  let isStale = false;
  const world = new MemoryWorld({
    faults: { next: ({ operation }) => (isStale && operation === 'scan' ? 'stale' : 'none') },
  });
  const hub = world.createHub('test', 1, {}, 3);
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const client = new MemoryClient(hub, 'client');
  const first = new MemoryWorker(hub, 'first', bankHost());
  await settle(first.claim());
  await settle(client.start('nap', 'n', 20_000));
  await world.scheduler.advance(2_000); // the head and the wake record are stored, and a checkpoint behind them
  first.connection.kill();
  isStale = true;
  await settle(new MemoryWorker(hub, 'second', bankHost()).claim());
  await world.scheduler.advance(30_000);
  t.is((await settle(client.orchestrationHead('n')))?.status, 'Completed');
});
