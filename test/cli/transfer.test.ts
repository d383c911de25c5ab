import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { outcome, perdure } from './perdure.js';
import { openShop, type Shop } from './shop.js';
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

const run = (t: ExecutionContext, ...args: string[]) => outcome(perdure(t, args, { NATS_URL: shop.server.url }));
const orders = fileURLToPath(new URL('replayed-orders.js', import.meta.url));
const changed = fileURLToPath(new URL('replayed-orders-changed.js', import.meta.url));

test.serial('export prints an instance a line, and import starts them elsewhere, once', async (t) => {
  const { code, stdout } = await run(t, 'export', 'shop');
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
  t.deepEqual(await run(t, 'import', 'shop', file), {
    code: 0,
    stdout: 'Started: 1, there already: 1, ended before: 1, failed: 0\n',
    stderr: '',
  });
  t.deepEqual((await shop.client.getHandle('o-1').status()).tags, { kind: 'test' });
  const again = await run(t, 'import', 'shop', file, '--ended', '--json');
  t.deepEqual(JSON.parse(again.stdout), { started: 0, existing: 3, ended: 0, failed: 0 });
});

test.serial('what is no export is told by its line, and what cannot be started is counted', async (t) => {
  const file = join(temporaryFolder(t), 'wrong.jsonl');
  writeFileSync(file, '{"instanceId":"x-1","name":"unheard-of"}\n');
  const failed = await run(t, 'import', 'shop', file);
  t.deepEqual([failed.code, failed.stdout], [1, 'Started: 0, there already: 0, ended before: 0, failed: 1\n']);
  t.regex(failed.stderr, /^line 1: PERDURE_UNKNOWN_ORCHESTRATOR: /);
  writeFileSync(file, '\n{"a":1}\n');
  const wrong = await run(t, 'import', 'shop', file);
  t.deepEqual([wrong.code, wrong.stderr], [2, 'error: Line 2 is no instance, as "perdure export" prints them.\n']);
  t.is((await run(t, 'import', 'shop', '/nowhere/x')).code, 2);
});

test.serial('replay checks histories of files and of a hub against code', async (t) => {
  const folder = temporaryFolder(t);
  const [one, many] = [join(folder, 'one.json'), join(folder, 'many.jsonl')];
  writeFileSync(one, (await run(t, 'history', 'shop', 'o-2', '--json')).stdout);
  t.is((await run(t, 'export', 'shop', '--prefix', 'o-', '--histories', '-o', many)).stdout, 'Exported: 2\n');
  t.is(readFileSync(many, 'utf8').trimEnd().split('\n').length, 2);
  t.is((await run(t, 'export', 'shop', '-o', many)).code, 2, 'a file is not written over');
  t.deepEqual(await run(t, 'replay', orders, one, many), {
    code: 0,
    stdout: '',
    stderr: '3 checked, 0 do not fit.\n',
  });
  const misfit = await run(t, 'replay', changed, one, '--json');
  t.is(misfit.code, 5);
  t.like(JSON.parse(misfit.stdout), {
    checked: 1,
    misfits: [{ instanceId: 'o-2', name: 'order', error: { code: 'PERDURE_NON_DETERMINISM' } }],
  });
  const ofHub = await run(t, 'replay', changed, '--hub', 'shop', '--orchestrator', 'order');
  t.is(ofHub.code, 5);
  t.regex(ofHub.stdout, /^o-\d \(order\): PERDURE_NON_DETERMINISM /m);
  t.regex(ofHub.stderr, /^2 checked, 2 do not fit\.$/m);
  t.is((await run(t, 'replay', orders)).code, 2);
  t.regex((await run(t, 'replay', '/nowhere.js', one)).stderr, /^PERDURE_CONFIG: module: /);
});

test.serial('on a terminal long work shows a bar, which is gone in the end', async (t) => {
  const file = join(temporaryFolder(t), 'all.jsonl');
  const exporting = perdureInTerminal(t, ['export', 'shop', '-o', file, '--server', shop.server.url]);
  t.is(await exporting.ended, 0);
  t.regex(exporting.shown(), /\r\x1b\[KExport: \[[#-]{30}\] \d of \d/); // oxlint-disable-line no-control-regex
  t.true(exporting.shown().endsWith('\r\x1b[KExported: 3\r\n'), JSON.stringify(exporting.shown()));
});

test.serial('bench measures on a server of its own, and leaves nothing', async (t) => {
  const { code, stdout } = await run(t, 'bench', '--count', '50', '--concurrency', '5', '--json');
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
