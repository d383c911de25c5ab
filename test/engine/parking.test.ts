import test, { type ExecutionContext } from 'ava';
import { storedCheckpoint } from '../../lib/engine/checkpoints.js';
import type { OwnerOptions } from '../../lib/engine/partition-owner.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { gate, pagesOf, Queue, small, Teller } from './mailboxes.js';
import { KillAt } from './kill-at.js';
import {
  bytes,
  hostOf,
  MemoryClient,
  MemoryWorker,
  outcomesAt,
  recordingLogger,
  surroundings,
} from './surroundings.js';

const host = () => hostOf({ entities: [Queue, Teller] });
const options: OwnerOptions = { mail: small };

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}.${i}`);

async function seenBy(client: MemoryClient, key: string): Promise<string[]> {
  const head = await client.entityHead('queue', key);
  const { state } = head ? await client.large.whole(head) : {};
  return (state as { seen: string[] } | undefined)?.seen ?? [];
}

/** Of what was seen, what came from one sender. */
const from = (seen: readonly string[], sender: string): string[] => seen.filter((id) => id.startsWith(`${sender}.`));

test.afterEach(() => gate.open());

test.serial('P4: an operation that does not end holds back neither the mail stream nor the checkpoint', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  gate.close();
  const worker = new MemoryWorker(hub, 'w', host());
  await settle(worker.claim());
  for (const id of numbered('c', 10)) await settle(client.signal('queue', 'stuck', 'slowly', id));
  for (let i = 0; i < 1_000; i++) await settle(client.signal('queue', `k${i % 10}`, 'add', `s${i}`));
  await advance(4_000);
  const { mail, log, state } = hub.streams(0);
  t.true(mail.last - mail.first <= 300, `mail ${mail.first}..${mail.last}`);
  t.true(log.last - log.first < 5, `log ${log.first}..${log.last}`);
  const checkpoint = await settle(storedCheckpoint(client.ports.partition(0)));
  t.deepEqual(checkpoint?.open, [], 'the one that runs is parked, too');
  t.is(
    checkpoint?.parked?.flatMap(({ boxes }) => boxes).reduce((sum, { from: first, end }) => sum + end - first, 0),
    10,
  );
  t.deepEqual(
    await settle(seenBy(client, 'k7')),
    Array.from({ length: 100 }, (_, i) => `s${10 * i + 7}`),
  );
  gate.open();
  await advance(3_000);
  t.deepEqual(await settle(seenBy(client, 'stuck')), numbered('c', 10));
  t.deepEqual(pagesOf(hub), []);
  t.true(state.last > 0);
});

test.serial('P4: parked messages come before later mail, and survive their owner', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  gate.close();
  const first = new MemoryWorker(hub, 'w1', host(), options);
  await settle(first.claim());
  const ids = numbered('c', 60);
  for (const id of ids.slice(0, 40)) await settle(client.signal('queue', 'slow', 'slowly', id));
  await advance(3_000);
  t.true(pagesOf(hub).length >= 8);
  for (const id of ids.slice(40)) await settle(client.signal('queue', 'slow', 'slowly', id));
  first.connection.kill();
  gate.open();
  const second = new MemoryWorker(hub, 'w2', host(), options);
  await settle(second.claim());
  await advance(3_000);
  t.deepEqual(await settle(seenBy(client, 'slow')), ids);
  t.deepEqual(pagesOf(hub), []);
});

test.serial('P4: records say what is parked once, and what is consumed once', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  gate.close();
  const worker = new MemoryWorker(hub, 'w', host(), options);
  await settle(worker.claim());
  const inputs: string[] = [];
  const read = new Set<number>();
  const look = (): void => {
    for (const { sequence, body } of hub.streams(0).log.all()) {
      if (read.has(sequence)) continue;
      read.add(sequence);
      const record = decodeRecord(body, '');
      if (record.type !== 'commit') continue;
      for (const { boxes } of record.parked ?? []) for (const { mail = [] } of boxes) inputs.push(...pairs(mail));
      for (const { mail = [] } of record.steps) inputs.push(...pairs(mail));
    }
  };
  for (const id of numbered('c', 30)) {
    await settle(client.signal('queue', 'slow', 'slowly', id));
    look();
  }
  for (let i = 0; i < 40; i++) {
    await advance(10);
    look();
    if (i === 20) gate.open();
  }
  t.deepEqual(await settle(seenBy(client, 'slow')), numbered('c', 30));
  t.is(inputs.length, 30);
  t.is(new Set(inputs).size, 30);
});

function pairs(flat: readonly number[]): string[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => `${flat[2 * i]}.${flat[2 * i + 1]}`);
}

/** Keys whose entities are in the partition. */
const keysIn = (name: string, partition: number): string[] =>
  Array.from({ length: 60 }, (_, i) => `k${i}`).filter(
    (key) => partitionOf(entityAddress({ name, key }), 2) === partition,
  );

const [slow, other] = keysIn('queue', 0) as [string, string];
const near = keysIn('teller', 0)[0]!;
const far = keysIn('teller', 1)[0]!;

/** Signals of a client, of an entity in the same partition and of one in another, to an entity that is stuck for a while. */
async function tell(client: MemoryClient, first: number, last: number): Promise<void> {
  const sent: Promise<void>[] = [];
  for (let i = first; i < last; i++) {
    sent.push(client.signal('queue', slow, 'slowly', `c.${i}`));
    sent.push(client.signal('teller', near, 'tell', slow));
    sent.push(client.signal('teller', far, 'tell', slow));
    if (i % 3 === 0) sent.push(client.signal('queue', other, 'add', `x.${i / 3}`));
  }
  await Promise.all(sent);
}

async function faultsOf(client: MemoryClient, hub: Parameters<typeof pagesOf>[0]): Promise<string[]> {
  const found: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      found.push(`${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
  };
  const seen = await seenBy(client, slow);
  for (const sender of ['c', near, far]) expect(`from ${sender}`, from(seen, sender), numbered(sender, 10));
  expect('seen', seen.length, 30);
  expect('others', await seenBy(client, other), numbered('x', 4));
  for (const partition of [0, 1]) {
    expect('pages', pagesOf(hub, partition), []);
    // None when the worker died before its first one, and the next had nothing to add.
    const checkpoint = await storedCheckpoint(client.ports.partition(partition));
    expect('parked', checkpoint?.parked ?? [], []);
    expect('open', checkpoint?.open ?? [], []);
  }
  return found;
}

/** Messages are parked, fetched and taken by a worker that dies at its nth call, and another takes over. */
async function run(n: number, fault: 'requestLost' | 'responseLost') {
  const plan = new KillAt(n, fault);
  const world = new MemoryWorld({ seed: n, faults: plan });
  const hub = world.createHub('test', 2);
  const faults: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void faults.push(message) };
  const victim = new MemoryWorker(hub, 'victim', host(), options, logger);
  plan.onKill = () => victim.connection.kill();
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  gate.close();
  void victim.claim().catch((error: unknown) => faults.push(String(error)));
  await scheduler.advance(20);
  await scheduler.settle(tell(client, 0, 7), 60_000);
  await scheduler.advance(300);
  await scheduler.settle(tell(client, 7, 10), 60_000);
  await scheduler.advance(60);
  gate.open();
  await scheduler.advance(1_100);
  const successor = new MemoryWorker(hub, 'successor', host(), options, logger);
  await scheduler.settle(successor.claim(), 60_000);
  await scheduler.advance(2_500);
  faults.push(...(await scheduler.settle(faultsOf(client, hub), 60_000)));
  return { calls: plan.calls, faults };
}

async function everyPoint(t: ExecutionContext, fault: 'requestLost' | 'responseLost'): Promise<void> {
  let n = 1;
  for (; ; n++) {
    const { calls, faults } = await run(n, fault);
    t.deepEqual(faults, [], `killed at call ${n} (${fault})`);
    if (calls < n) break;
  }
  t.log(`${n} calls`);
  t.true(n > 100);
}

test.serial('P4: a worker that dies before any of its calls arrives keeps the order of parked messages', (t) =>
  everyPoint(t, 'requestLost'),
);

test.serial('P4: a worker that dies after any of its calls was carried out keeps the order of parked messages', (t) =>
  everyPoint(t, 'responseLost'),
);

test.serial('P4: one entity with a long queue keeps little in memory, and mail flows to the others', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  gate.close();
  const worker = new MemoryWorker(hub, 'w', host(), {
    mail: { ...small, inputs: 200, bytes: 40_000, pageMessages: 100 },
  });
  await settle(worker.claim());
  let most = 0;
  const ids = numbered('c', 5_000);
  for (let at = 0; at < ids.length; at += 100) {
    await settle(Promise.all(ids.slice(at, at + 100).map((id) => client.signal('queue', 'slow', 'slowly', id))));
    most = Math.max(most, worker.owners[0]!.waitingBytes);
  }
  await settle(client.signal('queue', 'quick', 'add', 'q.0'));
  await advance(300);
  t.deepEqual(await settle(seenBy(client, 'quick')), ['q.0'], 'behind 5,000 messages that wait');
  t.true(most <= 40_000, `${most} bytes`);
  t.true(worker.owners[0]!.waitingBytes <= 2_000);
  gate.open();
  await advance(10_000);
  t.deepEqual(await settle(seenBy(client, 'slow')), ids);
});

test.serial(
  'P4: beyond its bound a mailbox takes no more: calls get a BusyError, signals are dropped with the reason',
  async (t) => {
    const { hub, client, settle, advance } = surroundings(1);
    gate.close();
    const lines: string[] = [];
    const worker = new MemoryWorker(hub, 'w', host(), { mail: { mailbox: 10 } }, recordingLogger(lines));
    await settle(worker.claim());
    const told = outcomesAt(client.ports, '_INBOX.told');
    for (const id of numbered('c', 12)) await settle(client.signal('queue', 'full', 'slowly', id));
    const call = { v: 1, kind: 'operation', name: 'slowly', input: 'call', id: 'm1', reply: '_INBOX.told' };
    hub.streams(0).mail.store('pd.test.0.m.e.queue.full', bytes(call), hub.world.time);
    for (const id of numbered('t', 2)) await settle(client.signal('teller', id, 'tell', 'full'));
    await advance(500);
    t.deepEqual(
      told.map(({ id, failure }) => [id, failure?.code]),
      [['m1', 'PERDURE_BUSY']],
    );
    t.is(
      lines.filter((line) => line.includes('10 messages wait for e.queue.full')).length,
      3,
      'one of mail, two local ones',
    );
    gate.open();
    await advance(1_000);
    t.deepEqual(await settle(seenBy(client, 'full')), numbered('c', 11));
    await settle(client.signal('queue', 'full', 'slowly', 'again'));
    await advance(500);
    t.deepEqual((await settle(seenBy(client, 'full'))).at(-1), 'again');
  },
);

test.serial('P12: a page that the state stream lost is said, and nothing waits for it in silence', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  gate.close();
  const worker = new MemoryWorker(hub, 'w', host(), { mail: { ...small, kept: 0 } });
  await settle(worker.claim());
  for (const id of numbered('c', 30)) await settle(client.signal('queue', 'slow', 'slowly', id));
  await advance(1_000);
  const { state } = hub.streams(0);
  state.remove(state.latest(pagesOf(hub)[2]!)!.sequence);
  gate.open();
  const ended = await settle(worker.owners[0]!.ended);
  t.like(ended, { code: 'PERDURE_STORAGE_REGRESSED' });
  t.regex(ended!.message, /^pd\.test\.0\.k\.1\.3 was stored/);
});
