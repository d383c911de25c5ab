import { ClosedError } from '../../lib/errors.js';
import { subjectsOf } from '../../lib/wire/subjects.js';
import { all, bytes, type Check, Inbox } from './harness.js';

/** What holds of the bus, the clock, randomness, the hub's values and closing. */
export function surroundingsContract(check: Check): void {
  check('bus: a message reaches those who listen, and nobody after closing', async (t, { hub, ports, settle }) => {
    const { bus } = ports(0);
    const heard: string[] = [];
    let ended = (): void => {};
    const isEnded = new Promise<void>((resolve) => (ended = resolve));
    const listen = (subject: string) =>
      bus.subscribe(subject, (body, reply) => heard.push(`${subject}: ${new TextDecoder().decode(body)} ${reply}`));
    listen(`${hub}.a`);
    listen(`${hub}.*`);
    listen(`${hub}.>`);
    listen(`${hub}.other`);
    listen(`${hub}.a`).close();
    bus.subscribe(`${hub}.end`, () => ended());
    bus.publish(`${hub}.a`, bytes('1'));
    bus.publish(`${hub}.b.c`, bytes('2'));
    bus.publish(`${hub}.end`, bytes(''));
    await settle(isEnded);
    t.deepEqual(heard.filter((line) => !line.includes(':  ')).toSorted(), [
      `${hub}.*: 1 undefined`,
      `${hub}.>: 1 undefined`,
      `${hub}.>: 2 undefined`,
      `${hub}.a: 1 undefined`,
    ]);
  });

  check('bus: who asks where nobody listens is told so by an empty message', async (t, { hub, ports, settle }) => {
    const { bus } = ports(0);
    const told: Promise<string>[] = ['nobody', 'somebody'].map(
      (name) =>
        new Promise((resolve) => {
          bus.subscribe(`_INBOX.${hub}.${name}`, (body) => resolve(new TextDecoder().decode(body)));
        }),
    );
    bus.subscribe(`${hub}.somebody`, (_, reply) => bus.publish(reply!, bytes('here')));
    bus.publish(`${hub}.nobody`, bytes('?'), `_INBOX.${hub}.nobody`);
    bus.publish(`${hub}.somebody`, bytes('?'), `_INBOX.${hub}.somebody`);
    t.deepEqual(await settle(Promise.all(told)), ['', 'here']);
  });

  check(
    'clock: what is to be done about then is done once, after half of the time or later, unless it is cancelled',
    async (t, harness) => {
      const { ports, settle } = harness;
      const { clock } = ports(0);
      const begun = clock.now();
      const done: number[] = [];
      const cancel = clock.about(40, () => done.push(-1));
      await settle(
        new Promise<void>((resolve) => {
          clock.about(40, () => done.push(clock.now() - begun));
          clock.about(100, resolve);
          cancel();
        }),
      );
      t.is(done.length, 1);
      t.true(done[0]! >= 20);
    },
  );

  check(
    'clock: what is to be done soon is done once, in order, behind all promise jobs, before what was sent',
    async (t, harness) => {
      const { hub, ports, settle } = harness;
      const { clock, bus } = ports(0);
      const order: string[] = [];
      const heard = new Promise<void>((resolve) => {
        bus.subscribe(`${hub}.sent`, () => {
          order.push('sent');
          resolve();
        });
      });
      bus.publish(`${hub}.sent`, bytes('1'));
      clock.soon(() => {
        order.push('first');
        clock.soon(() => order.push('of the first'));
      });
      clock.soon(() => order.push('second'));
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => order.push('promise jobs'));
      order.push('now');
      await settle(heard);
      t.deepEqual(order, ['now', 'promise jobs', 'first', 'second', 'of the first', 'sent']);
    },
  );

  check('clock: P19: time never goes back, and what is armed fires once and not early', async (t, harness) => {
    const { clock, log } = harness.ports(0);
    let before = clock.now();
    t.true(Number.isInteger(before));
    for (let at = 0; at < 20; at++) {
      await harness.settle(log.append(bytes('tick'), at));
      const now = clock.now();
      t.true(now >= before);
      before = now;
    }
    let fired = 0;
    clock.after(5, () => void (fired += 100))();
    await harness.settle(
      new Promise<void>((resolve) => {
        clock.after(20, () => {
          fired += 1;
          resolve();
        });
      }),
    );
    t.true(clock.now() >= before + 20);
    t.is(fired, 1);
    t.throws(() => clock.after(3_600_001, () => t.fail()), { instanceOf: RangeError });
  });

  check('random: ids are 22 letters and digits, and never the same', async (t, { ports }) => {
    const { random } = ports(0);
    const ids = Array.from({ length: 2_000 }, () => random.id());
    t.true(ids.every((id) => /^[0-9A-Za-z]{22}$/.test(id)));
    t.is(new Set(ids).size, 2_000);
  });

  check('store: a value is stored over the revision seen', async (t, { store, settle }) => {
    t.is(await settle(store.get('names')), undefined);
    const created = await settle(store.put('names', bytes('1'), 0));
    t.is(typeof created, 'number');
    t.is(await settle(store.put('names', bytes('again'), 0)), undefined);
    const updated = await settle(store.put('names', bytes('2'), created ?? 0));
    const entry = await settle(store.get('names'));
    t.deepEqual([entry?.revision, new TextDecoder().decode(entry?.value)], [updated, '2']);
    t.is(await settle(store.get('other')), undefined);
  });

  check('store: what is listed is what is stored under the tokens, and nothing beside it', async (t, harness) => {
    const { store, settle } = harness;
    t.deepEqual(await settle(store.list('workers')), []);
    const keys = ['workers.a', 'workers.b', 'workersish.c', 'leases.0', 'workers.c'];
    for (const key of keys) await settle(store.put(key, bytes(key), 0));
    const second = await settle(
      store.put('workers.a', bytes('again'), (await settle(store.get('workers.a')))!.revision),
    );
    const listed = await settle(store.list('workers'));
    t.deepEqual(listed.map(({ key, value }) => `${key}: ${new TextDecoder().decode(value)}`).toSorted(), [
      'workers.a: again',
      'workers.b: workers.b',
      'workers.c: workers.c',
    ]);
    const first = listed.find(({ key }) => key === 'workers.a');
    t.is(first?.revision, second);
    t.deepEqual({ ...(await settle(store.get('workers.a'))), key: 'workers.a' }, first);
  });

  check('store: what is removed is gone, unless it was replaced meanwhile', async (t, { store, settle }) => {
    const created = (await settle(store.put('workers.a', bytes('1'), 0)))!;
    await settle(store.put('workers.b', bytes('b'), 0));
    const updated = (await settle(store.put('workers.a', bytes('2'), created)))!;
    await settle(store.remove('workers.a', created));
    t.is((await settle(store.get('workers.a')))?.revision, updated);
    await settle(store.remove('workers.a', updated));
    await settle(store.remove('workers.a', updated));
    t.is(await settle(store.get('workers.a')), undefined);
    t.deepEqual(
      (await settle(store.list('workers'))).map(({ key }) => key),
      ['workers.b'],
    );
    t.is(await settle(store.put('workers.a', bytes('3'), updated)), undefined);
    t.is(typeof (await settle(store.put('workers.a', bytes('3'), 0))), 'number');
  });

  check('store: a value with a time to live goes by itself, unless it is replaced before', async (t, harness) => {
    const { store, settle } = harness;
    const { clock } = harness.ports(0);
    const ttl = { ttlInSeconds: 1 };
    const began = clock.now();
    await settle(store.put('workers.gone', bytes('1'), 0, ttl));
    const kept = (await settle(store.put('workers.kept', bytes('1'), 0, ttl)))!;
    await settle(store.put('workers.kept', bytes('2'), kept, { ttlInSeconds: 600 }));
    const early = await settle(store.get('workers.gone'));
    if (clock.now() - began < 1_000) t.truthy(early); // not on a machine that stood still meanwhile
    const pause = () => settle(new Promise<void>((resolve) => void clock.after(50, resolve)));
    while (await settle(store.get('workers.gone'))) await pause();
    t.deepEqual(
      (await settle(store.list('workers'))).map(({ key }) => key),
      ['workers.kept'],
    );
    t.is(typeof (await settle(store.put('workers.gone', bytes('2'), 0))), 'number');
  });

  check('storage: what the streams hold, an empty one beginning behind its end', async (t, { hub, ports, settle }) => {
    const { storage, log, mailbox, views, subjects } = ports(0);
    t.deepEqual(await settle(storage.bounds()), {
      log: { first: 1, last: 0 },
      mail: { first: 1, last: 0 },
      state: { first: 1, last: 0 },
    });
    for (const after of [0, 1, 2]) await settle(log.append(bytes('r'), after));
    await settle(log.purgeBelow(2));
    await settle(mailbox.send(subjectsOf(hub).partition(0).mail('o.a'), bytes('m')));
    await settle(mailbox.purgeBelow(2));
    const written = await settle(views.write(subjects.checkpoint, bytes('1'), 0));
    await settle(views.write(subjects.checkpoint, bytes('2'), written ?? 0));
    t.deepEqual(await settle(storage.bounds()), {
      log: { first: 2, last: 3 },
      mail: { first: 2, last: 1 },
      state: { first: 2, last: 2 },
    });
  });

  check('closed: reads and writes reject, and nothing is delivered', async (t, harness) => {
    const { bus, log, mailbox, views } = harness.ports(0);
    const subject = subjectsOf(harness.hub).partition(0).mail('o.a');
    const inbox = new Inbox(mailbox, 1);
    await harness.settle(mailbox.send(subject, bytes('1')));
    await harness.settle(inbox.count(1));
    await harness.close();
    const calls: Promise<unknown>[] = [
      log.last(),
      log.append(bytes('a'), 0),
      mailbox.send(subject, bytes('2')),
      views.read(subject),
      all(log.read(2, 1)),
    ];
    for (const call of calls) await t.throwsAsync(harness.settle(call), { instanceOf: ClosedError });
    t.throws(() => bus.subscribe(subject, () => t.fail()), { instanceOf: ClosedError });
    t.throws(() => harness.tasks.consume('mail', {}, () => t.fail()), { instanceOf: ClosedError });
    t.deepEqual(inbox.texts, ['1']);
  });
}
