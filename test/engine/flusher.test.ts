import test from 'ava';
import { decodeHead } from '../../lib/wire/head-codec.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { bankHost, MemoryWorker, surroundings } from './surroundings.js';

/** A stored head may be so many milliseconds behind the record that it has to show: 100, and the way to the server. */
const LAG = 150;

const subjects = partitionSubjects('test', 0);

/** When each step was stored in the log, and how often and when heads were. */
function watch({ world, hub }: ReturnType<typeof surroundings>) {
  const { log, state } = hub.streams(0);
  /** The steps of each instance that no head shows yet: their records, and when they were stored. */
  const behind = new Map<string, { readonly sequence: number; readonly at: number }[]>();
  const writes = new Map<string, number>();
  const lags: number[] = [];
  log.observe(({ sequence, body }) => {
    const record = decodeRecord(body, 'A record');
    if (record.type !== 'commit') return;
    for (const to of new Set(record.steps.map((step) => step.to)))
      behind.set(to, [...(behind.get(to) ?? []), { sequence, at: world.scheduler.now }]);
  });
  state.observe(({ subject, body }) => {
    const address = subjects.addressOf(subject);
    if (address === undefined || subjects.head(address) !== subject) return;
    const { logSeq } = decodeHead(body, 'A head');
    writes.set(address, (writes.get(address) ?? 0) + 1);
    const steps = behind.get(address) ?? [];
    lags.push(...steps.filter(({ sequence }) => sequence <= logSeq).map(({ at }) => world.scheduler.now - at));
    behind.set(
      address,
      steps.filter(({ sequence }) => sequence > logSeq),
    );
  });
  const unwritten = () => [...behind].filter(([, steps]) => steps.length > 0).map(([address]) => address);
  return { writes, lags, unwritten };
}

test('a head is stored within 150 virtual ms of its step, and changes in between are coalesced', async (t) => {
  const around = surroundings(1);
  const { world, hub, client, settle, advance } = around;
  const { writes, lags, unwritten } = watch(around);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  // One entity that always changes, others now and then, a crowd at once, and instances with timers.
  const begun = world.scheduler.now;
  const sent: Promise<void>[] = [];
  for (let n = 0; n < 400; n++) {
    sent.push(client.signal('counter', 'busy', 'add', `${n}`));
    if (n % 9 === 0) sent.push(client.signal('counter', `k${n}`, 'add', 'once'));
    if (n % 50 === 0) sent.push(client.start('nap', `n${n}`, 120));
    if (n === 200)
      for (let each = 0; each < 500; each++) sent.push(client.signal('counter', `crowd${each}`, 'add', '1'));
    await advance(5);
  }
  await settle(Promise.all(sent));
  await advance(LAG);
  const took = world.scheduler.now - begun;
  t.deepEqual(unwritten(), []);
  t.true(lags.length > 900, `${lags.length} steps`);
  const longest = Math.max(...lags);
  t.true(longest <= LAG, `a head was ${longest} ms behind`);
  const ofBusy = writes.get('e.counter.busy')!;
  t.log(`${lags.length} steps, ${longest.toFixed(1)} ms at most; 400 changes of one entity in ${ofBusy} heads`);
  t.true(ofBusy >= took / LAG - 1 && ofBusy <= took / 80 + 1, `${ofBusy} heads in ${took} ms`);
  t.is(writes.get('e.counter.crowd7'), 1);
});

test('what begins and ends between two flushes is written once', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const { writes, lags } = watch(around);
  await settle(new MemoryWorker(hub, 'w', bankHost()).claim());
  for (let n = 0; n < 20; n++) await settle(client.start('hello', `h${n}`));
  await advance(1_000);
  t.deepEqual([...writes.values()], Array<number>(20).fill(1));
  t.true(lags.length > 20 && Math.max(...lags) <= LAG);
});

test('what has ended is stored with the first head that is due, and not after 80 ms of its own', async (t) => {
  const around = surroundings(1);
  const { world, hub, client, settle, advance } = around;
  await settle(new MemoryWorker(hub, 'w', bankHost()).claim());
  const storedAt = new Map<string, number>();
  hub.streams(0).state.observe(({ subject }) => storedAt.set(subject, world.scheduler.now));
  await settle(client.signal('counter', 'first', 'add', '1'));
  await advance(50);
  const begun = world.scheduler.now;
  await settle(client.start('hello', 'h'));
  await settle(client.signal('counter', 'second', 'add', '1'));
  await advance(200);
  const after = (address: string): number => storedAt.get(subjects.head(address))! - begun;
  t.true(Math.abs(after('o.h') - after('e.counter.first')) < 5, `${after('o.h')} and ${after('e.counter.first')} ms`);
  t.true(after('o.h') < 80 && after('e.counter.second') >= 80, `${after('o.h')} and ${after('e.counter.second')} ms`);
});
