import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';
import { Counter, openShop, type Shop } from './shop.js';
import { perdureInTerminal } from './terminal.js';

let shop: Shop;
test.before(async () => {
  shop = await openShop();
  for (const id of ['o-1', 'o-2'])
    await shop.client.startNew('order', 'lamp', { instanceId: id, tags: { kind: 'test' } });
  await (await shop.client.startNew('hello', 'Rome', { instanceId: 'h-1' })).result();
  const paying = async (id: string) =>
    ((await shop.client.getHandle(id).status()).customStatus as { step?: string } | undefined)?.step === 'paying';
  await until(async () => (await paying('o-1')) && (await paying('o-2')), 'the orders to be packed');
  await until(async () => (await shop.client.countInstances()).byRuntimeStatus.Completed === 1, 'the views');
});
test.after.always(() => shop?.close());

const run = (...args: string[]) => perdureHere(args, { NATS_URL: shop.server.url });
const orders = fileURLToPath(new URL('replayed-orders.js', import.meta.url));
const changed = fileURLToPath(new URL('replayed-orders-changed.js', import.meta.url));

test.serial('export prints an instance a line, and import starts them elsewhere, once', async (t) => {
  const { code, stdout } = await run('export', 'shop');
  t.is(code, 0);
  const exported = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { instanceId: string; input: unknown; output?: unknown });
  t.deepEqual(exported.map(({ instanceId }) => instanceId).toSorted(), ['h-1', 'o-1', 'o-2']);
  t.is(exported.find(({ instanceId }) => instanceId === 'h-1')?.output, 'Hello, Rome!');
  await shop.client.terminate('o-1');
  await shop.client.purge('o-1');
  const file = join(temporaryFolder(t), 'shop.jsonl');
  writeFileSync(file, stdout);
  t.deepEqual(await run('import', 'shop', file), {
    code: 0,
    stdout: 'Started: 1, restored: 0, there already: 1, ended before: 1, failed: 0\n',
    stderr:
      '1 that had ended were left away: "perdure export --histories" prints what brings them back, and --ended starts them anew.\n',
  });
  t.deepEqual((await shop.client.getHandle('o-1').status()).tags, { kind: 'test' });
  const again = await run('import', 'shop', file, '--ended', '--json');
  t.deepEqual(JSON.parse(again.stdout), { started: 0, restored: 0, existing: 3, ended: 0, failed: 0 });
});

test.serial('with histories and entities, import brings all back into another hub as it was', async (t) => {
  const { client, server } = shop;
  await client.callEntity('counter', 'moved', 'add', 5);
  await client.startNew('order', 'air', { instanceId: 'h-2' });
  await until(async () => (await client.countInstances()).byRuntimeStatus.Failed === 1, 'the failure in the views');
  await until(async () => (await client.entities.list()).entities.length === 1, 'the entity in the views');
  const file = join(temporaryFolder(t), 'all.jsonl');
  const selected = ['--prefix', 'h-', '--histories', '--entities'];
  t.is((await run('export', 'shop', ...selected, '-o', file)).stdout, 'Exported: 3\n');

  const hub = await connectTaskHub({ name: 'copy', servers: server.url, partitions: 2 });
  const worker = await TaskHubWorker.start(hub, { entities: [Counter] });
  const copy = new TaskHubClient(hub);
  t.deepEqual(await run('import', 'copy', file), {
    code: 0,
    stdout: 'Started: 0, restored: 3, there already: 0, ended before: 0, failed: 0\n',
    stderr: '',
  });
  for (const id of ['h-1', 'h-2']) {
    const [before, after] = await Promise.all(
      [client, copy].map((one) => one.getHandle(id).status({ fetchHistory: true })),
    );
    t.deepEqual(after, before, id);
  }
  t.is(await copy.getHandle('h-1').result(), 'Hello, Rome!');
  t.is(await copy.callEntity(Counter, 'moved').add(1), 6);
  const again = await run('import', 'copy', file, '--json');
  t.deepEqual(JSON.parse(again.stdout), { started: 0, restored: 0, existing: 3, ended: 0, failed: 0 });
  const checked = await run('replay', orders, file);
  t.regex(checked.stderr, /^2 checked/m, 'lines of entities are no histories');
  await copy.close();
  await worker.stop();
  await hub.close();
  await client.purgeInstances({ instanceIdPrefix: 'h-2' });
  await client.entities.delete('counter', 'moved');
});

test.serial('what is no export is told by its line, and what cannot be started is counted', async (t) => {
  const file = join(temporaryFolder(t), 'wrong.jsonl');
  writeFileSync(file, '{"instanceId":"x-1","name":"unheard-of"}\n');
  const failed = await run('import', 'shop', file);
  t.deepEqual(
    [failed.code, failed.stdout],
    [1, 'Started: 0, restored: 0, there already: 0, ended before: 0, failed: 1\n'],
  );
  t.regex(failed.stderr, /^line 1: PERDURE_UNKNOWN_ORCHESTRATOR: /);
  writeFileSync(file, '\n{"a":1}\n');
  const wrong = await run('import', 'shop', file);
  t.deepEqual(
    [wrong.code, wrong.stderr],
    [2, 'error: Line 2 is no instance and no entity, as "perdure export" prints them.\n'],
  );
  t.is((await run('import', 'shop', '/nowhere/x')).code, 2);
});

test.serial('replay checks histories of files and of a hub against code', async (t) => {
  const folder = temporaryFolder(t);
  const [one, many] = [join(folder, 'one.json'), join(folder, 'many.jsonl')];
  writeFileSync(one, (await run('history', 'shop', 'o-2', '--json')).stdout);
  t.is((await run('export', 'shop', '--prefix', 'o-', '--histories', '-o', many)).stdout, 'Exported: 2\n');
  t.is(readFileSync(many, 'utf8').trimEnd().split('\n').length, 2);
  t.is((await run('export', 'shop', '-o', many)).code, 2, 'a file is not written over');
  t.deepEqual(await run('replay', orders, one, many), {
    code: 0,
    stdout: '',
    stderr: '3 checked, 0 do not fit.\n',
  });
  const misfit = await run('replay', changed, one, '--json');
  t.is(misfit.code, 5);
  t.like(JSON.parse(misfit.stdout), {
    checked: 1,
    misfits: [{ instanceId: 'o-2', name: 'order', error: { code: 'PERDURE_NON_DETERMINISM' } }],
  });
  const ofHub = await run('replay', changed, '--hub', 'shop', '--orchestrator', 'order');
  t.is(ofHub.code, 5);
  t.regex(ofHub.stdout, /^o-\d \(order\): PERDURE_NON_DETERMINISM /m);
  t.regex(ofHub.stderr, /^2 checked, 2 do not fit\.$/m);
  t.is((await run('replay', orders)).code, 2);
  t.regex((await run('replay', '/nowhere.js', one)).stderr, /^PERDURE_CONFIG: module: /);
});

test.serial('on a terminal long work shows a bar, which is gone in the end', async (t) => {
  const file = join(temporaryFolder(t), 'all.jsonl');
  const exporting = perdureInTerminal(t, ['export', 'shop', '-o', file, '--server', shop.server.url]);
  t.is(await exporting.ended, 0);
  t.regex(exporting.shown(), /\r\x1b\[KExport: \[[#-]{30}\] \d of \d/); // oxlint-disable-line no-control-regex
  t.true(exporting.shown().endsWith('\r\x1b[KExported: 3\r\n'), JSON.stringify(exporting.shown()));
  const replaying = perdureInTerminal(t, ['replay', orders, '--hub', 'shop', '--server', shop.server.url]);
  t.is(await replaying.ended, 0);
  t.regex(replaying.shown(), /\r\x1b\[KReplay: \[[#-]{30}\] \d of 2/); // oxlint-disable-line no-control-regex
});

test.serial('bench measures on a server of its own, and leaves nothing', async (t) => {
  const { code, stdout } = await outcome(perdure(t, ['bench', '--count', '50', '--concurrency', '5', '--json']));
  t.is(code, 0);
  const measured = JSON.parse(stdout) as { what: string; count: number; perSecond: number }[];
  t.deepEqual(
    measured.map(({ what, count, perSecond }) => [what, count, perSecond > 0]),
    [
      ['orchestrations', 50, true],
      ['entity calls', 50, true],
      ['entity signals', 50, true],
    ],
  );
});
