import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { Command } from 'commander';
import { program } from '../../lib/cli/program.js';
import { temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { outcome, perdure } from './perdure.js';
import { openShop, type Shop } from './shop.js';

let shop: Shop;
test.before(async () => {
  shop = await openShop();
  const { client } = shop;
  for (const id of ['s', 'r', 'c', 'n', 'w']) await client.startNew('order', 'lamp', { instanceId: id });
  for (const id of ['h', 'p']) await (await client.startNew('hello', 'x', { instanceId: id })).result();
  await (await client.startNew('order', 'air', { instanceId: 'f' })).result().catch(() => {});
  await client.callEntity('counter', 'a', 'add', 1);
  await until(async () => (await client.countInstances()).total === 8, 'the views');
});
test.after.always(() => shop?.close());

const run = (t: ExecutionContext, args: readonly string[]) => outcome(perdure(t, args, { NATS_URL: shop.server.url }));

const cron = ['--cron', '0 3 * * *'];

/** Commands about a hub, each with what it is asked for there, and a part of what it prints; in this order. */
const commands: readonly (readonly [words: string, args: readonly string[], document: object | number])[] = [
  ['start', ['hello', '"Oslo"', '--id', 'new'], { instanceId: 'new' }],
  ['list', ['--prefix', 'h'], { instances: { 0: { instanceId: 'h', runtimeStatus: 'Completed' } } }],
  ['status', ['h'], { runtimeStatus: 'Completed', input: 'x' }],
  ['history', ['h'], { instanceId: 'h', history: { 0: { type: 'ExecutionStarted' } } }],
  ['watch', ['h'], { runtimeStatus: 'Completed' }],
  ['raise', ['r', 'Paid', '"Mona"'], { instanceId: 'r', event: 'Paid', accepted: true }],
  ['suspend', ['s'], { instanceId: 's', done: 'suspend' }],
  ['resume', ['s'], { instanceId: 's', done: 'resume' }],
  ['cancel', ['c'], { instanceId: 'c', done: 'cancel' }],
  ['terminate', ['n', '--output', '1'], { instanceId: 'n', done: 'terminate' }],
  ['rewind', ['f'], { instanceId: 'f', done: 'rewind' }],
  ['restart', ['h', '--new-id', 'again'], { instanceId: 'again' }],
  ['purge', ['p'], { purged: 1 }],
  ['export', ['--prefix', 'h'], { instanceId: 'h', name: 'hello' }],
  ['signal', ['counter', 'a', 'add', '2'], { entity: 'counter', key: 'a', operation: 'add', accepted: true }],
  ['call', ['counter', 'a', 'add', '4'], 7],
  ['state', ['counter', 'a'], { entityExists: true, entityState: 7, source: 'owner' }],
  ['entities', ['--entity', 'counter'], { entities: { 0: { entityId: { name: 'counter', key: 'a' } } } }],
  ['schedule create', ['nightly', 'hello', '"x"', ...cron], { scheduleId: 'nightly' }],
  ['schedule update', ['nightly', 'hello', '"y"', ...cron], { scheduleId: 'nightly', done: 'update' }],
  ['schedule list', [], { 0: { scheduleId: 'nightly', orchestrator: 'hello' } }],
  ['schedule show', ['nightly'], { scheduleId: 'nightly', isPaused: false, input: 'y' }],
  ['schedule pause', ['nightly'], { scheduleId: 'nightly', done: 'pause' }],
  ['schedule unpause', ['nightly'], { scheduleId: 'nightly', done: 'unpause' }],
  ['schedule trigger', ['nightly'], { scheduleId: 'nightly', done: 'trigger' }],
  ['schedule backfill', ['nightly', '--from', '2026-01-01', '--to', '2026-01-02'], { done: 'backfill' }],
  ['schedule delete', ['nightly'], { scheduleId: 'nightly', done: 'delete' }],
  ['hub create', [], { name: 'shop', partitions: 1 }],
  ['hub show', [], { name: 'shop', workers: { length: 1 } }],
  ['hub permissions', ['--role', 'client'], { hub: 'shop', partitions: 1 }],
  ['inspect', [], { partitions: { 0: { partition: 0 } }, namesWithoutWorker: { names: [] } }],
  ['inspect', ['w'], { status: { instanceId: 'w' }, waitsFor: [] }],
  ['inspect', ['counter', 'a'], { exists: true }],
  ['release', ['o.w'], { instance: 'o.w', released: false }],
  ['break-lock', ['counter', 'a'], { entity: 'counter', key: 'a', broken: false }],
  ['doctor', [], { hub: 'shop', partitions: { 0: { partition: 0 } } }],
];

test.serial('with --json each command about a hub prints one document, and nothing else', async (t) => {
  t.timeout(300_000);
  for (const [words, args, document] of commands) {
    const { code, stdout, stderr } = await run(t, [...words.split(' '), 'shop', ...args, '--json']);
    t.deepEqual([code, stderr], [0, ''], `${words} ${args.join(' ')}: ${stdout}`);
    const printed: unknown = JSON.parse(stdout);
    if (typeof document === 'object') t.like(printed, document, `${words}: ${stdout}`);
    else t.is(printed, document);
  }
});

test.serial('those that take files or modules do as well', async (t) => {
  const file = join(temporaryFolder(t), 'shop.jsonl');
  writeFileSync(file, (await run(t, ['export', 'shop', '--prefix', 'w', '--histories'])).stdout);
  const imported = await run(t, ['import', 'shop', file, '--json']);
  t.deepEqual([imported.code, imported.stderr], [0, '']);
  t.like(JSON.parse(imported.stdout), { existing: 1, failed: 0 });
  const orders = fileURLToPath(new URL('replayed-orders.js', import.meta.url));
  t.like(JSON.parse((await run(t, ['replay', orders, file, '--json'])).stdout), { checked: 1, misfits: [] });
  const lines = (await run(t, ['export', 'shop', '--prefix', 'h', '--entities', '--json'])).stdout
    .trimEnd()
    .split('\n');
  t.like(
    lines.map((line) => JSON.parse(line) as object),
    { 0: { instanceId: 'h' }, 1: { entityId: { key: 'a' } } },
  );
  const bench = await run(t, ['bench', '--server', shop.server.url, '--hub', 'bench', '--count', '5', '--json']);
  t.deepEqual([bench.code, bench.stderr], [0, '']);
  t.like(JSON.parse(bench.stdout), { length: 3, 0: { what: 'orchestrations', count: 5 } });
});

test.serial('what a watched entity becomes is a line of JSON each', async (t) => {
  const watch = perdure(t, ['state', 'shop', 'counter', 'b', '--watch', '--json'], { NATS_URL: shop.server.url });
  await until(() => watch.stdout().includes('\n'), 'how it stands');
  await shop.client.callEntity('counter', 'b', 'add', 5);
  await until(() => watch.stdout().split('\n').length > 2, 'the next state');
  const [first, second] = watch
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { entityExists: boolean; entityState?: unknown });
  t.like(first, { entityExists: false });
  t.like(second, { entityExists: true, entityState: 5 });
});

test.serial('an error of theirs is JSON, too: of a hub that is not there, with exit code 1', async (t) => {
  for (const words of ['list', 'entities', 'schedule list', 'hub show', 'doctor', 'http']) {
    const { code, stdout, stderr } = await run(t, [...words.split(' '), 'nowhere', '--json']);
    t.deepEqual([code, stdout], [1, ''], words);
    t.like(JSON.parse(stderr), { error: { code: 'PERDURE_CONFIG' } }, stderr);
  }
});

test('every command that is about a hub and has --json is here', (t) => {
  const elsewhere = ['http', 'import', 'hub delete']; // test/cli/http.test.ts, above, test/cli/stored-hub.test.ts
  const named = (command: Command, path: string): readonly string[] => {
    if (command.commands.length > 0)
      return command.commands.flatMap((each) => named(each, `${path} ${each.name()}`.trim()));
    return command.registeredArguments[0]?.name() === 'hub' ? [path] : [];
  };
  const here = new Set(commands.map(([words]) => words));
  t.deepEqual(
    named(program(), '').filter((path) => !here.has(path)),
    elsewhere,
  );
});
