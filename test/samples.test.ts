import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { startTestServer, type TestServer } from './servers.js';
import { until } from './until.js';

const execute = promisify(execFile);
const greetings = '["Hello, Tokyo!","Hello, Seattle!","Hello, Cairo!"]';

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

/** What `npm run sample NAME [arguments]` prints, once it is built. */
async function sample(...args: string[]): Promise<string[]> {
  const env = { ...process.env, NATS_URL: server.url };
  const { stdout, stderr } = await execute(process.execPath, ['.ci/sample.mjs', ...args], { env });
  if (stderr) throw new Error(stderr);
  return stdout.trimEnd().split('\n');
}

test('hello, without a server of its own, shows each step and goes on with the same hub when started again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-sample-'));
  await writeFile(join(folder, 'package.json'), '{}');
  const { NATS_URL: _, ...env } = process.env;
  const started: string[] = [];
  for (let run = 1; run <= 2; run++) {
    const options = { cwd: folder, env };
    const { stdout } = await execute(process.execPath, [resolve('build/samples/hello/main.js')], options);
    const [hub, start, ...steps] = stdout.trimEnd().split('\n');
    t.regex(hub!, /^Task hub "hello" at nats:/);
    started.push(/^hello-sequence (\S+) started$/.exec(start!)![1]!);
    t.deepEqual(steps, ['  hello Tokyo', '  hello Seattle', '  hello Cairo', greetings]);
  }
  t.not(started[0], started[1]);
  await using hub = await connectTaskHub({ name: 'hello', folder: join(folder, '.perdure') });
  const client = new TaskHubClient(hub);
  for (const id of started) t.is((await client.getHandle(id).status()).runtimeStatus, 'Completed');
  await client.close();
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

test('hello in two processes: the client waits for a service that comes later', async (t) => {
  const env = { ...process.env, NATS_URL: server.url };
  const client = execute(process.execPath, ['build/samples/hello/client.js'], { env });
  let told = '';
  client.child.stdout?.on('data', (text: string) => (told += text));
  await until(() => told.includes('Started '), 'the client to have started a sequence');
  const service = spawn(process.execPath, ['build/samples/hello/service.js'], { env, stdio: 'ignore' });
  t.teardown(() => service.kill());
  const { stdout } = await client;
  t.is(stdout.trimEnd().split('\n').at(-1), greetings);
  service.kill('SIGTERM');
  t.deepEqual(await once(service, 'exit'), [0, null]);
});

test('counter counts on where it stood', async (t) => {
  t.deepEqual(await sample('counter'), [
    'counter visits stands at 0',
    '10 signals sent: 1 to 10',
    'counter visits stands at 55: 55 more',
    'its state is {"value":55}',
  ]);
  t.deepEqual(await sample('counter'), [
    'counter visits stands at 55',
    '10 signals sent: 1 to 10',
    'counter visits stands at 110: 55 more',
    'its state is {"value":110}',
  ]);
});

test('lock: transfers that read and write apart lose nothing, and leave no lock', async (t) => {
  t.deepEqual(await sample('lock'), [
    'together 4000',
    '20 transfers at once: done, none waits for another in a circle',
    'together 4000',
    'the next one: done',
  ]);
});

test('exchange: a purchase is all of its operations or none, and who counts sees no half of it', async (t) => {
  t.deepEqual(await sample('exchange'), [
    '1 of 2 bought the sword',
    'coins in between: 300',
    'alice has no sword: there are only 160 coins',
    'coins in the end: 300',
    'bulletin: alice earned 60',
  ]);
});

test.serial('rate-limiter grants what it may, and whoever waits gets the rest', async (t) => {
  t.deepEqual(await sample('rate-limiter'), [
    'alice: granted, granted, granted, later, later',
    'bob: granted',
    'carol: 4 mails sent, not all at once',
  ]);
});

test.serial(
  'chat: what is posted in a room reaches each of its members in order, and what is refused nobody',
  async (t) => {
    const lines = [
      'post 1',
      'post 2',
      'refused: eve has not joined',
      'post 3',
      '  ben reads: ann: hello',
      '  ben reads: ann: is anybody here?',
      '  ben reads: eve has joined',
      '  ben reads: eve: bye',
    ];
    t.deepEqual(await sample('chat'), lines);
    t.deepEqual(await sample('chat'), lines, 'nothing was left of it');
  },
);

test.serial('cart becomes an order, or writes to its owner when it is left alone', async (t) => {
  t.deepEqual(await sample('cart'), [
    'alice: 4 pieces',
    'order of alice: 3 pens, 1 books',
    '  letter to bob: 4 things are waiting for you',
    'carts: bob',
  ]);
});

test.serial('http: a program that knows HTTP alone starts, looks, raises an event; in whichever server', async (t) => {
  for (const host of ['plain', 'express', 'fastify', 'hono', 'nest'])
    t.deepEqual(await sample('http', host), [
      `${host}: 202, look again after 10 s`,
      '200, Completed: 3 lamps packed, paid by Mona',
      '400, PERDURE_INVALID_INPUT',
    ]);
});

// Both on one hub, which has one worker at a time.
test.serial('fan-out counts the words of each file and shows its progress', async (t) => {
  const lines = await sample('fan-out');
  t.is(lines[0], `Counting the words in ${resolve('samples/fan-out/texts')}`);
  t.true(lines.includes('progress {"counted":3,"files":3}'));
  t.regex(lines.at(-1)!, /^ +\d+ words in 3 files$/);
  const counts = lines.slice(-4, -1).map((line) => Number.parseInt(line, 10));
  t.is(counts[0]! + counts[1]! + counts[2]!, Number.parseInt(lines.at(-1)!, 10));
  t.true(counts.every((count) => count > 20));
});

test.serial('fan-out says in one line that there is no such folder', async (t) => {
  const failed = await t.throwsAsync(sample('fan-out', 'no-such-folder'));
  const { code, stderr } = failed as Error & { code?: unknown; stderr?: string };
  t.is(code, 1);
  t.regex(stderr!, /^Orchestration \S+ failed: .*ENOENT.*no-such-folder'\n$/);
});

test('bank refuses what must be refused and keeps the money together', async (t) => {
  const lines = await sample('bank');
  const [, open, sent, receipt, after, , short, unchanged, , closed, compensated, , invalid, last] = lines;
  t.is(open, '  alice 5000, bob 0, carol 0; together 5000');
  t.is(sent, 'alice -> bob: 2000');
  t.is(receipt, '  done: {"left":3000,"arrived":2000}');
  t.is(after, '  alice 3000, bob 2000, carol 0; together 5000');
  t.regex(short!, /^  refused: PERDURE_ORCHESTRATION_FAILED: .*Insufficient funds/);
  t.regex(closed!, /^  refused: PERDURE_ORCHESTRATION_FAILED: .*The account is closed/);
  t.regex(invalid!, /^  refused: PERDURE_INVALID_INPUT: .*\$\.to.*\$\.amount/);
  for (const balances of [unchanged, compensated, last]) t.is(balances, after);
  t.is(lines.length, 14);
});

// One after the other: each is two processes, and a test has a time to end in.
test.serial('monitor looks until the job is done, and gives up in time', async (t) => {
  t.deepEqual(await sample('monitor'), [
    '  backup is at 40 %',
    '  backup is at 80 %',
    '  backup is at 100 %',
    'backup is done: it took 3 looks',
    '  upload is at 40 %',
    'upload is not done in time',
  ]);
});

test.serial('approval takes the answer of a human, and goes on without one', async (t) => {
  t.deepEqual(await sample('approval'), [
    '  mail to Mona: may we buy a desk?',
    'a desk: approved by Mona',
    '  mail to Mona: may we buy a yacht?',
    'a yacht: nobody answered, it goes to the board',
  ]);
});

test.serial('aggregator brings reports together, and goes on where it stood', async (t) => {
  t.deepEqual(await sample('aggregator'), [
    'oslo: 3 readings from -4 to 2, -1 on average',
    'rome: 1 readings from 14 to 14, 14 on average',
  ]);
  t.is((await sample('aggregator'))[0], 'oslo: 6 readings from -4 to 2, -1 on average');
});

test.serial('eternal starts over until it is stopped', async (t) => {
  const lines = await sample('eternal');
  const rounds = lines.length - 1; // three, or more on a busy machine
  t.true(rounds >= 3);
  t.deepEqual(lines, [
    ...Array.from({ length: rounds }, (_, at) => `  round ${at + 1}: old files removed`),
    `stopped in round ${rounds}`,
  ]);
});

test.serial('singleton runs once at a time', async (t) => {
  t.deepEqual(await sample('singleton'), ['started', 'runs already', '12 orders', 'started']);
});

test.serial('saga undoes what was begun, the last first', async (t) => {
  t.deepEqual(await sample('saga'), [
    '  booked a hotel',
    '  booked a flight',
    'trip: 2 bookings',
    '  booked a hotel',
    '  booked a flight',
    '  cancelled a car',
    '  cancelled a flight',
    '  cancelled a hotel',
    'no trip: no car is free',
  ]);
});

test.serial('schedule starts runs until it is paused', async (t) => {
  const lines = await sample('schedule');
  t.is(lines.at(-1), 'digest is paused: enough for today');
  const runs = lines.slice(0, -1);
  t.true(runs.length >= 2); // the last one may not have begun yet
  t.true(runs.every((line) => line === '  the latest news'));
});

test.serial('services call each other by name, and a client that has none of their classes calls both', async (t) => {
  const lines = await sample('services');
  t.deepEqual(lines, [
    '  warehouse: pack 3 lamps',
    '  shop: mail "a box of 3 lamps is on its way"',
    '  shop: mail "a box of 3 lamps is at the door"',
    'a box of 3 lamps shipped, 7 left',
    'no 90 lamps: only 7 left',
    '3 lamps sold',
  ]);
});

test.serial('an order waits while the warehouse is not there, and is shipped once it is', async (t) => {
  const env = { ...process.env, NATS_URL: server.url };
  const start = (name: string) => {
    const service = spawn(process.execPath, [`build/samples/services/${name}-service.js`], { env, stdio: 'ignore' });
    t.teardown(() => service.kill());
    return service;
  };
  await using hub = await connectTaskHub({ name: 'services', servers: server.url });
  await using client = new TaskHubClient(hub);
  const shop = start('shop');
  const order = await client.startNew<string>('order', { article: 'chair', pieces: 1 });
  await until(
    async () =>
      (await client.namesWithoutWorker()).names.some((waits) => waits.name === 'stock' && waits.waitingInstances > 0),
    'the order to wait for the stock',
    30,
  );
  t.is((await order.status()).runtimeStatus, 'Running');
  const warehouse = start('warehouse');
  t.is(await order.result({ timeoutInMilliseconds: 60_000 }), 'a box of 1 chairs shipped, 9 left');
  for (const service of [shop, warehouse]) {
    service.kill('SIGTERM');
    t.deepEqual(await once(service, 'exit'), [0, null]);
  }
});

test.serial('encryption keeps values from the server, over a change of keys', async (t) => {
  t.deepEqual(await sample('encryption'), [
    'blood of p-17: nothing found',
    'findings: 1',
    'with the next key: 2',
    'examinations of ward north: 1',
  ]);
});

test('a sample that does not exist is answered with those that do', async (t) => {
  const refused = await t.throwsAsync(sample('nothing'), {
    message: /aggregator, approval, bank, cart, chat, counter, encryption, eternal, exchange, fan-out, hello, http/,
  });
  t.is((refused as Error & { code?: unknown }).code, 2);
});
