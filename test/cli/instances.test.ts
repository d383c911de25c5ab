import { stripVTControlCharacters } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { perdure } from './perdure.js';
import { openShop, type Shop } from './shop.js';
import { perdureInTerminal } from './terminal.js';

let shop: Shop;
test.before(async () => {
  shop = await openShop();
});
test.after.always(() => shop?.close());

const inShop = (command: string, ...args: string[]) =>
  perdureHere([command, 'shop', ...args], { NATS_URL: shop.server.url });

/** What a command printed for programs. */
async function jsonOf<T = Record<string, unknown>>(t: ExecutionContext, ...args: [string, ...string[]]): Promise<T> {
  const { code, stdout, stderr } = await inShop(...args, '--json');
  t.deepEqual([code, stderr], [0, ''], args.join(' '));
  return JSON.parse(stdout) as T;
}

const order = (instanceId: string) => shop.client.startNew('order', 'lamp', { instanceId });

/** It has packed, and waits to be paid. */
async function waiting(instanceId: string): Promise<void> {
  await order(instanceId);
  const step = async () =>
    (await shop.client.getHandle(instanceId).status()).customStatus as { step: string } | undefined;
  await until(async () => (await step())?.step === 'paying', `${instanceId} to be packed`);
}

test('start prints the id alone, and with --wait the result', async (t) => {
  const started = await inShop('start', 'hello', '"Tokyo"', '--id', 'h-1', '--tag', 'a=b', '--tag', 'c=d');
  t.deepEqual(started, { code: 0, stdout: 'h-1\n', stderr: '' });
  t.deepEqual((await shop.client.getHandle('h-1').status()).tags, { a: 'b', c: 'd' });
  const waited = await inShop('start', 'hello', '"Tokyo"', '--id', 'h-2', '--wait');
  t.deepEqual(waited, { code: 0, stdout: '"Hello, Tokyo!"\n', stderr: 'Started h-2.\n' });
  t.deepEqual(await jsonOf(t, 'start', 'hello', '"Oslo"', '--id', 'h-3', '--wait'), {
    instanceId: 'h-3',
    result: 'Hello, Oslo!',
  });
});

test('what a start waits for may fail, take too long, be unknown or no JSON: each has its exit code', async (t) => {
  const failed = await inShop('start', 'order', '"air"', '--id', 'f-1', '--wait', '--json');
  t.deepEqual([failed.code, failed.stdout], [5, '']);
  t.like(JSON.parse(failed.stderr), { error: { code: 'PERDURE_ORCHESTRATION_FAILED' } });
  const late = await inShop('start', 'order', '"lamp"', '--id', 'f-2', '--wait-for', '200ms');
  t.deepEqual([late.code, late.stdout], [4, '']);
  t.regex(late.stderr, /^Started f-2\.\nPERDURE_TIMEOUT: /);
  const unknown = await inShop('start', 'odrer', '"lamp"');
  t.deepEqual([unknown.code, unknown.stdout], [3, '']);
  t.regex(unknown.stderr, /^PERDURE_UNKNOWN_ORCHESTRATOR: .*order/);
  const text = await inShop('start', 'hello', 'Tokyo');
  t.deepEqual([text.code, text.stdout], [2, '']);
  t.true(text.stderr.includes(`A text is given with quotes: '"Tokyo"'.`), text.stderr);
});

test('status and history tell people and programs the same', async (t) => {
  await waiting('s-1');
  t.like(await jsonOf(t, 'status', 's-1'), {
    instanceId: 's-1',
    name: 'order',
    runtimeStatus: 'Running',
    input: 'lamp',
    customStatus: { step: 'paying' },
    source: 'owner',
  });
  const { stdout: status } = await inShop('status', 's-1');
  t.regex(status, /^status: +Running$/m);
  t.regex(status, /^custom status: +\{"step":"paying"\}$/m);
  const { instanceId, history } = await jsonOf<{ instanceId: string; history: { type: string }[] }>(
    t,
    'history',
    's-1',
  );
  t.is(instanceId, 's-1');
  t.deepEqual(
    history.map(({ type }) => type),
    ['ExecutionStarted', 'TaskScheduled', 'TaskCompleted'],
  );
  const { stdout } = await inShop('history', 's-1');
  const lines = stdout.trimEnd().split('\n');
  t.is(lines.length, 3);
  t.regex(lines[0]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z +started order "lamp"$/);
  t.regex(lines[1]!, /^ +call activity pack #0 "lamp"$/);
  t.regex(lines[2]!, / {2}done activity pack #0 after [\d.]+ m?s: "a packed lamp"$/);
});

test('an instance that is not there has exit code 3, whatever is asked of it', async (t) => {
  for (const command of ['status', 'history', 'watch', 'suspend', 'purge', 'inspect']) {
    const { code, stdout, stderr } = await inShop(command, 'nobody', '--json');
    t.deepEqual([code, stdout], [3, ''], command);
    t.deepEqual(JSON.parse(stderr), {
      error: { code: 'PERDURE_NOT_FOUND', message: 'There is no orchestration instance with id "nobody".' },
    });
  }
});

test('watch prints each change until the end, and ends with how the instance did', async (t) => {
  await waiting('w-1');
  const run = perdure(t, ['watch', 'shop', 'w-1', '--json'], { NATS_URL: shop.server.url });
  await until(() => run.stdout().includes('paying'), 'the first look');
  t.deepEqual(await inShop('raise', 'w-1', 'Paid', '"Mona"'), { code: 0, stdout: 'Raised: Paid\n', stderr: '' });
  t.is(await run.ended, 0);
  const told = run
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.is(told[0]!['runtimeStatus'], 'Running');
  t.like(told.at(-1), { runtimeStatus: 'Completed', output: 'a packed lamp, paid by Mona' });
  t.is((await inShop('raise', 'w-1', 'Paid')).stdout, 'Ignored: w-1 has ended\n');
  await order('w-2');
  t.is((await inShop('terminate', 'w-2', '--reason', 'enough')).code, 0);
  const ended = await inShop('watch', 'w-2');
  t.is(ended.code, 5);
  t.regex(ended.stdout, /Terminated .* enough\n$/);
  t.regex(ended.stderr, /^PERDURE_ORCHESTRATION_TERMINATED: /);
});

test('suspend, resume, restart, rewind and cancel do what they say', async (t) => {
  await waiting('c-1');
  const status = async () => (await shop.client.getHandle('c-1').status()).runtimeStatus;
  t.is((await inShop('suspend', 'c-1', '--reason', 'lunch')).stdout, 'Suspended: c-1\n');
  t.is(await status(), 'Suspended');
  t.is((await inShop('resume', 'c-1')).stdout, 'Resumed: c-1\n');
  t.is(await status(), 'Running');
  const tooEarly = await inShop('restart', 'c-1');
  t.is(tooEarly.code, 1);
  t.regex(tooEarly.stderr, /^PERDURE_INSTANCE_NOT_ENDED: /);
  t.deepEqual((await jsonOf(t, 'restart', 'c-1', '--new-id', 'c-2'))['instanceId'], 'c-2');
  t.is((await inShop('cancel', 'c-1')).stdout, 'Asked to cancel: c-1\n');
  await until(async () => (await status()) === 'Canceled', 'c-1 to be canceled');
  const not = await inShop('rewind', 'c-1');
  t.is(not.code, 1);
  t.regex(not.stderr, /^PERDURE_NOT_REWINDABLE: /);
});

test('list finds by what is given, in pages, and counts', async (t) => {
  await Promise.all([order('l-1'), order('l-2'), order('l-3')]);
  const found = async (...args: string[]) =>
    await jsonOf<{ instances: { instanceId: string }[]; continuationToken?: string }>(
      t,
      'list',
      '--prefix',
      'l-',
      ...args,
    );
  await until(async () => (await shop.client.countInstances({ instanceIdPrefix: 'l-' })).total === 3, 'the views');
  const first = await found('--limit', '2');
  const second = await found('--limit', '2', '--from', first.continuationToken!);
  const ids = [...first.instances, ...second.instances].map(({ instanceId }) => instanceId).toSorted();
  t.deepEqual(ids, ['l-1', 'l-2', 'l-3']);
  t.is((await found('--all')).instances.length, 3);
  t.deepEqual(await jsonOf(t, 'list', '--prefix', 'l-', '--count', '--status', 'running,failed'), {
    total: 3,
    byRuntimeStatus: { Running: 3 },
  });
  const none = await inShop('list', '--prefix', 'l-', '--status', 'failed');
  t.deepEqual(none, { code: 0, stdout: '', stderr: 'There are none.\n' });
  t.is((await inShop('list', '--status', 'asleep')).code, 2);
});

test('purge removes one, or those that are said, and many only with --yes', async (t) => {
  for (const id of ['p-1', 'p-2', 'p-3']) await (await shop.client.startNew('hello', 'x', { instanceId: id })).result();
  t.is((await inShop('purge', 'p-1')).stdout, 'Purged: p-1\n');
  const unsaid = await inShop('purge', '--prefix', 'p-');
  t.deepEqual([unsaid.code, unsaid.stdout], [2, '']);
  t.true(unsaid.stderr.includes('--yes'));
  t.is((await inShop('purge', '--yes')).code, 2);
  await until(async () => (await shop.client.countInstances({ instanceIdPrefix: 'p-' })).total === 2, 'the views');
  t.deepEqual(await jsonOf(t, 'purge', '--prefix', 'p-', '--yes'), { purged: 2 });
});

test('inspect tells what an instance waits for', async (t) => {
  await waiting('i-1');
  await shop.client.startNew('film', undefined, { instanceId: 'i-2' });
  await shop.client.suspend('i-1', 'lunch');
  const why = async (id: string) =>
    (await inShop('inspect', id)).stdout.split('\n').filter((line) => line.startsWith('why:'));
  t.deepEqual(await why('i-1'), ['why: it is suspended: lunch']);
  await shop.client.resume('i-1');
  t.deepEqual(await why('i-1'), [
    'why: it waits for an external event, an update or a condition: nothing that it called is open',
  ]);
  t.deepEqual(await why('i-2'), ['why: it waits for activity render in queue studio #0']);
  await shop.client.startNew('hello', 'x', { instanceId: 'i-3', version: '9' });
  await shop.client.startNew('hello', 'x', { instanceId: 'i-4', startAt: new Date('2099-01-01') });
  await (await shop.client.startNew('hello', 'x', { instanceId: 'i-5' })).result();
  t.deepEqual(await why('i-3'), ['why: no worker that lives has orchestrator hello@9']);
  t.deepEqual(await why('i-4'), ['why: it has not begun: its time is to come, or its worker is busy']);
  t.deepEqual(await why('i-5'), ['why: it has ended: Completed']);
});

test('on a terminal there are colours, what is too long is cut, and NO_COLOR is heard', async (t) => {
  await (await shop.client.startNew('order', 'air', { instanceId: 't-1' })).result().catch(() => {});
  await until(async () => (await shop.client.countInstances({ instanceIdPrefix: 't-' })).total === 1, 'the view');
  const args = ['list', 'shop', '--prefix', 't-', '--server', shop.server.url];
  const run = perdureInTerminal(t, args);
  t.is(await run.ended, 0);
  t.true(run.shown().includes('\x1b[31mFailed\x1b[0m'), run.shown());
  const lines = run.shown().trimEnd().split('\r\n');
  const plain = stripVTControlCharacters(lines[1]!);
  t.true(plain.length <= 100 && plain.endsWith('…'), plain);
  const grey = perdureInTerminal(t, args, { NO_COLOR: '1' });
  t.is(await grey.ended, 0);
  t.false(grey.shown().includes('\x1b['));
});

test('on a terminal a purge of many asks first', async (t) => {
  for (const id of ['q-1', 'q-2']) await (await shop.client.startNew('hello', 'x', { instanceId: id })).result();
  const count = async () => (await shop.client.countInstances({ instanceIdPrefix: 'q-' })).total;
  await until(async () => (await count()) === 2, 'the views');
  for (const [answer, left] of [
    ['n', 2],
    ['y', 0],
  ] as const) {
    const run = perdureInTerminal(t, ['purge', 'shop', '--prefix', 'q-', '--server', shop.server.url]);
    await until(() => run.shown().includes('Purge 2 instances of task hub shop? [y/N] '), 'the question');
    run.type(`${answer}\r`);
    t.is(await run.ended, 0);
    t.is(run.shown().includes('Purged: 2'), left === 0);
    t.is(run.shown().includes('\r\x1b[KPurge: 1'), left === 0, 'how far it has come');
    await until(async () => (await count()) === left, 'the views');
  }
});
