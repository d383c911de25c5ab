import test from 'ava';
import type { Fault, PortCall } from '../../lib/memory/faults.js';
import { SeededRandom } from '../../lib/memory/random.js';
import { Scheduler } from '../../lib/memory/scheduler.js';
import { subjectMatcher } from '../../lib/memory/subject-pattern.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { bytes, Inbox, recordingLogger, text } from '../contract/harness.js';

/** A hub of one partition whose next calls of an operation meet the given faults. */
function faulty(operation: string, ...faults: Fault[]) {
  const asked: PortCall[] = [];
  const next = (call: PortCall): Fault => {
    asked.push(call);
    return (call.operation === operation && faults.shift()) || 'none';
  };
  const world = new MemoryWorld({ faults: { next } });
  const hub = world.createHub('hub', 1);
  const connection = hub.connect('one');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  return { world, hub, connection, asked, settle, ports: connection.ports(0, recordingLogger()) };
}

test('events run at their time, those of one time in order, each after all promise jobs of the one before', async (t) => {
  const scheduler = new Scheduler();
  const seen: string[] = [];
  const note = (what: string) => seen.push(`${what}@${scheduler.now}`);
  for (const delay of [30, 10, 20, 10, 5, 40]) scheduler.after(delay, () => note(`${delay}`));
  const chain = async (): Promise<void> => {
    for (let at = 0; at < 50; at++) await Promise.resolve();
    note('jobs');
  };
  scheduler.after(10, () => void chain());
  scheduler.after(10, () => note('after jobs'));
  scheduler.after(10, () => note('cancelled'))();
  await scheduler.advance(30);
  t.deepEqual(seen, ['5@5', '10@10', '10@10', 'jobs@10', 'after jobs@10', '20@20', '30@30']);
  t.is(scheduler.now, 30);
});

test('waiting for what cannot come is an error and not a hang', async (t) => {
  const scheduler = new Scheduler();
  const never = new Promise(() => {});
  await t.throwsAsync(scheduler.settle(never), {
    message: 'Stuck at 0 ms: nothing is left that could settle the promise',
  });
  const again = (): void => void scheduler.after(1_000, again);
  again();
  await t.throwsAsync(scheduler.settle(never, 5_000), { message: /did not settle within 5000 ms/ });
  await t.throwsAsync(scheduler.settle(Promise.reject(new Error('its own'))), { message: 'its own' });
});

test('a lost request stores nothing and is unknown after the deadline', async (t) => {
  const { world, hub, ports, settle } = faulty('append', 'requestLost');
  t.is(await settle(ports.log.append(bytes('a'), 0)), undefined);
  t.is(world.scheduler.now, 1500);
  t.is(hub.streams(0).log.last, 0);
});

test('a lost response is unknown too, and the record is stored', async (t) => {
  const { ports, settle } = faulty('append', 'responseLost');
  t.is(await settle(ports.log.append(bytes('a'), 0)), undefined);
  t.is(text(await settle(ports.log.last())), 'a');
});

test('a late request is unknown first and stored later', async (t) => {
  const { world, ports, settle } = faulty('append', { delay: 4_000 });
  t.is(await settle(ports.log.append(bytes('a'), 0)), undefined);
  t.is(await settle(ports.log.last()), undefined);
  await world.scheduler.advance(4_000);
  t.is(text(await settle(ports.log.last())), 'a');
});

test('reads are asked again until they are answered', async (t) => {
  const { ports, asked, settle } = faulty('bounds', 'requestLost', 'responseLost', { delay: 2_000 });
  t.deepEqual(await settle(ports.mailbox.bounds()), { first: 1, last: 0 });
  t.deepEqual(
    asked.map((call) => `${call.connection} ${call.partition} ${call.port} ${call.operation}`),
    Array.from({ length: 4 }, () => 'one 0 mailbox bounds'),
  );
});

test('mail comes whole through lost deliveries', async (t) => {
  const { ports, settle } = faulty('consume', 'requestLost', 'responseLost', 'none', 'responseLost');
  const inbox = new Inbox(ports.mailbox, 1);
  for (let at = 1; at <= 5; at++) await settle(ports.mailbox.send('m', bytes(`${at}`)));
  await settle(inbox.count(5));
  t.deepEqual([inbox.sequences, inbox.gaps], [[1, 2, 3, 4, 5], []]);
});

test('nothing comes back to a killed process, but what it sent arrives', async (t) => {
  const { world, hub, connection, ports } = faulty('none');
  const seen: string[] = [];
  const inbox = new Inbox(ports.mailbox, 1);
  const note = (): void => void seen.push('answer');
  ports.log.append(bytes('a'), 0).then(note, note);
  ports.clock.after(1, note);
  ports.bus.subscribe('x', note);
  await world.scheduler.advance(0);
  connection.kill();
  ports.log.append(bytes('b'), 1).then(note, note);
  hub.connect('two').bus.publish('x', bytes(''));
  await world.scheduler.advance(10_000);
  t.deepEqual(seen, []);
  t.deepEqual(inbox.messages, []);
  t.is(hub.streams(0).log.last, 1);
});

test('writes under way when a connection closes are unknown at once', async (t) => {
  const { world, connection, ports, settle } = faulty('append', { delay: 100 });
  const write = ports.log.append(bytes('a'), 0);
  connection.close();
  t.is(await settle(write), undefined);
  t.is(world.scheduler.now, 0);
});

test('what was sent stays as it was, whatever its sender does with the bytes', async (t) => {
  const { ports, settle } = faulty('none');
  const body = bytes('before');
  const sent = ports.mailbox.send('m', body);
  const appended = ports.log.append(body, 0);
  body.fill(0);
  await settle(Promise.all([sent, appended]));
  const inbox = new Inbox(ports.mailbox, 1);
  await settle(inbox.count(1));
  t.deepEqual([inbox.texts, text(await settle(ports.log.last()))], [['before'], 'before']);
});

test('message ids are forgotten after the window', async (t) => {
  const { world, ports, settle } = faulty('none');
  t.is(await settle(ports.mailbox.send('m', bytes('1'), 'id')), 1);
  await world.scheduler.advance(119_000);
  t.is(await settle(ports.mailbox.send('m', bytes('1'), 'id')), 1);
  await world.scheduler.advance(2_000);
  t.is(await settle(ports.mailbox.send('m', bytes('1'), 'id')), 2);
});

test('the same seed draws the same, another seed something else', (t) => {
  const ids = (seed: number): string[] => {
    const hub = new MemoryWorld({ seed }).createHub('hub');
    return [hub.connect('a'), hub.connect('b')].flatMap(({ random }) => [random.id(), random.id()]);
  };
  t.deepEqual(ids(7), ids(7));
  t.is(new Set([...ids(7), ...ids(8)]).size, 8);
});

test('subjects match as NATS matches them', (t) => {
  const cases: [pattern: string, subject: string, matches: boolean][] = [
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.b.c', 'a.b', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['*.b', 'a.b', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
    ['a.*.>', 'a.b', false],
  ];
  for (const [pattern, subject, matches] of cases)
    t.is(subjectMatcher(pattern)(subject), matches, `${pattern} ${subject}`);
});

test('a request may be carried out twice, and only the first is answered', async (t) => {
  const { world, hub, ports, settle } = faulty('send', { again: 500 });
  t.is(await settle(ports.mailbox.send('hub.m', bytes('a'))), 1);
  await world.scheduler.advance(1_000);
  t.is(hub.streams(0).mail.last, 2);
  const second = faulty('append', { again: 500 });
  t.is(await second.settle(second.ports.log.append(bytes('a'), 0)), 1);
  await second.world.scheduler.advance(1_000);
  t.is(second.hub.streams(0).log.last, 1);
});

test('a frozen process does nothing; when it goes on, its timers fire first, then it sees what came', async (t) => {
  const { world, hub, connection, ports, settle } = faulty('none');
  const seen: string[] = [];
  void ports.log.append(bytes('a'), 0).then((sequence) => seen.push(`appended ${sequence}`));
  connection.bus.subscribe('told', () => seen.push('told'));
  connection.later(100, () => seen.push('timer'));
  connection.later(200, () => seen.push('cancelled'));
  const cancel = connection.later(300, () => seen.push('cancelled late'));
  connection.process.freeze();
  hub.connect('two').bus.publish('told', bytes(''));
  await world.scheduler.advance(1_000);
  t.deepEqual(seen, []);
  t.is(hub.streams(0).log.last, 1);
  connection.later(0, () => cancel());
  connection.process.wake();
  await world.scheduler.advance(0);
  t.deepEqual(seen.slice(0, 2), ['timer', 'cancelled']);
  t.deepEqual(seen.slice(-2), ['appended 1', 'told']);
  t.is(text(await settle(ports.log.last())), 'a');
});

test('a process that slept longer than its deadlines does not believe the answers that came meanwhile', async (t) => {
  const { world, hub, connection, ports } = faulty('none');
  const outcome = ports.log.append(bytes('a'), 0);
  connection.process.freeze();
  await world.scheduler.advance(5_000);
  connection.process.wake();
  await world.scheduler.advance(0);
  t.is(await outcome, undefined);
  t.is(hub.streams(0).log.last, 1);
});

test('a killed server loses nothing that it acknowledged; what was under way is unknown, and it may forget ids', async (t) => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 30; seed++) {
    const { world, hub, connection, ports, settle } = faulty('none');
    t.is(await settle(ports.mailbox.send('hub.m', bytes('a'), 'id')), 1);
    const underWay = ports.log.append(bytes('b'), 0);
    hub.server.kill(200, new SeededRandom(seed));
    connection.bus.publish('lost', bytes(''));
    t.is(await settle(underWay), undefined);
    const again = await settle(ports.mailbox.send('hub.m', bytes('a'), 'id'));
    t.is(text(hub.streams(0).mail.get(1)), 'a');
    outcomes.add(`${hub.streams(0).log.last} stored, copy at ${again}`);
    t.true(hub.server.isUp && world.scheduler.now >= 200);
  }
  t.deepEqual(
    [...outcomes].toSorted(),
    ['0', '1'].flatMap((last) => ['1', '2'].map((at) => `${last} stored, copy at ${at}`)),
  );
});

test('a clock may be wrong, and still never goes back', (t) => {
  const { connection } = faulty('none');
  const { clock } = connection;
  const right = clock.now();
  clock.skew = 700;
  t.is(clock.now(), right + 700);
  clock.skew = -700;
  t.is(clock.now(), right + 700);
});

test('a clock that leaps is wrong until the server answers, and then stands still until the truth has caught up', async (t) => {
  const { connection, ports, settle, world } = faulty('none');
  const { clock } = connection;
  const right = clock.now();
  clock.leap(60_000);
  t.is(clock.now(), right + 60_000);
  await settle(ports.log.last());
  t.is(clock.now(), right + 60_000);
  await world.scheduler.advance(61_000);
  t.is(clock.now(), right + 61_000);
  clock.leap(-60_000);
  await world.scheduler.advance(500);
  t.is(clock.now(), right + 61_000);
  await settle(ports.log.last());
  t.is(clock.now(), right + 61_501);
});

test('what the server refuses for want of permissions is told to the connection, and has no answer', async (t) => {
  const { hub, connection, ports, settle, world } = faulty('append', 'refused');
  const lines: string[] = [];
  connection.logger = recordingLogger(lines);
  t.is(await settle(ports.log.append(bytes('a'), 0)), undefined);
  t.true(world.scheduler.now >= 1_500);
  t.is(hub.streams(0).log.last, 0);
  t.deepEqual(lines, ['The server refused something: publish on log.append of partition 0 ("PERMISSIONS_VIOLATION")']);
});

test('what is too large for a stream is refused, and who stores it is told', async (t) => {
  const { hub, ports, settle, asked } = faulty('append', 'tooLarge');
  await t.throwsAsync(settle(ports.log.append(bytes('abc'), 0)), {
    code: 'PERDURE_PAYLOAD_TOO_LARGE',
    message: /: 3 bytes/,
  });
  t.is(asked.at(-1)?.bytes, 3);
  t.is(hub.streams(0).log.last, 0);
  t.is(await settle(ports.log.append(bytes('abc'), 0)), 1);
});

test('a process that is far away hears later, and one without permissions to subscribe hears no core message', async (t) => {
  const { hub, connection, ports, settle, world } = faulty('none');
  const heard: number[] = [];
  connection.bus.subscribe('word', () => void heard.push(world.scheduler.now));
  connection.distance = 100;
  await settle(ports.log.last());
  t.is(world.scheduler.now, 200.5);
  const other = hub.connect('other');
  other.bus.publish('word', bytes(''));
  await world.scheduler.advance(200);
  t.deepEqual(heard, [301]);
  connection.isDeaf = true;
  other.bus.publish('word', bytes(''));
  await world.scheduler.advance(200);
  t.is(heard.length, 1);
});

test('of several replicas a deposed leader lists the state as it was, unless it is to know better', async (t) => {
  let isStale = false;
  const world = new MemoryWorld({
    faults: { next: ({ operation }) => (isStale && operation !== 'write' ? 'stale' : 'none') },
  });
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  for (const replicas of [3, 1]) {
    isStale = false;
    const hub = world.createHub(`hub${replicas}`, 1, {}, replicas);
    const { views } = hub.connect('one').ports(0, recordingLogger());
    const listed = async (known?: number) => {
      const found: string[] = [];
      for await (const message of views.scan('a.*', known)) found.push(`${message.subject}=${text(message)}`);
      return found.toSorted();
    };
    const subjects = async () => {
      const found: string[] = [];
      for await (const subject of views.subjects('a.*')) found.push(subject);
      return found.toSorted();
    };
    await settle(views.write('a.changed', bytes('old'), 0));
    await settle(views.write('a.removed', bytes('old'), 0));
    await world.scheduler.advance(6_000);
    await settle(views.write('a.changed', bytes('new'), 1));
    await world.scheduler.advance(20);
    await settle(views.write('a.new', bytes('new'), 0));
    await settle(views.remove('a.removed', 2));
    isStale = true;
    const now = ['a.changed=new', 'a.new=new'];
    t.deepEqual(await settle(listed()), replicas === 3 ? ['a.changed=old', 'a.removed=old'] : now);
    t.deepEqual(await settle(subjects()), replicas === 3 ? ['a.changed', 'a.removed'] : ['a.changed', 'a.new']);
    const began = world.scheduler.now;
    t.deepEqual(await settle(listed(3)), replicas === 3 ? ['a.changed=new', 'a.removed=old'] : now);
    if (replicas === 3) t.true(world.scheduler.now - began > 500, 'it is asked until it knows');
  }
});
