import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { PayloadCodec } from 'perdure';
import { temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';
import { openShop, type Shop } from './shop.js';

const turned = (body: Uint8Array): Uint8Array => body.map((byte) => byte ^ 0x5a);
const codec: PayloadCodec = { encode: turned, decode: turned, maxOverheadBytes: 0 };
const source =
  'const turned = (body) => body.map((byte) => byte ^ 0x5a); export default { encode: turned, decode: turned };';

let shop: Shop;
test.before(async () => {
  shop = await openShop(codec);
  await shop.client.startNew('order', 'lamp', { instanceId: 'o-1' });
  await until(async () => (await shop.client.countInstances()).total === 1, 'the view');
});
test.after.always(() => shop?.close());

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return perdureHere(args, { NATS_URL: shop.server.url, ...env });
}

function codecModule(t: ExecutionContext, text = source): string {
  const file = join(temporaryFolder(t), 'codec.mjs');
  writeFileSync(file, text);
  return file;
}

test.serial('with the codec of the hub, by option or environment, a command reads and writes values', async (t) => {
  const file = codecModule(t);
  const exported = await outcome(perdure(t, ['export', 'shop', '--codec', file], { NATS_URL: shop.server.url }));
  t.is(exported.code, 0, exported.stderr);
  t.like(JSON.parse(exported.stdout), { instanceId: 'o-1', input: 'lamp' });
  const env = { PERDURE_CODEC: file };
  t.is((await run(['raise', 'shop', 'o-1', 'Paid', '"Mona"'], env)).code, 0);
  const waited = await run(['start', 'shop', 'hello', '"Rome"', '--wait'], env);
  t.true(waited.stdout.endsWith('"Hello, Rome!"\n'), waited.stdout + waited.stderr);
  const state = await run(['call', 'shop', 'counter', 'c', 'add', '3'], env);
  t.is(state.stdout, '3\n', state.stderr);
  t.is(await shop.client.getHandle<string>('o-1').result(), 'a packed lamp, paid by Mona');
});

test.serial('without it a command counts, and cannot read', async (t) => {
  // Lists are of views, which follow what happens by up to a tenth of a second, and more on a busy machine.
  await until(async () => {
    const counted = await run(['list', 'shop', '--count']);
    t.is(counted.code, 0, counted.stderr);
    return /^Completed +\d+$/m.test(counted.stdout);
  }, 'the end to be counted');
  const status = await run(['status', 'shop', 'o-1', '--timeout', '2s']);
  t.not(status.code, 0);
  t.false(`${status.stdout}${status.stderr}`.includes('lamp'));
});

test.serial('what is no codec is told', async (t) => {
  for (const [file, told] of [
    ['/nowhere/codec.js', /^PERDURE_CONFIG: --codec: \/nowhere\/codec\.js cannot be loaded/],
    [codecModule(t, 'export const codec = {};'), /^PERDURE_CONFIG: --codec: .* no payload codec as its default export/],
    [codecModule(t, 'export default { encode() {} };'), /^PERDURE_CONFIG: payloadCodec: it must have the methods/],
    [
      codecModule(t, 'export default { encode() {}, decode() {}, maxOverheadBytes: -1 };'),
      /^PERDURE_CONFIG: payloadCodec\.maxOverheadBytes: must be a whole number from 0 to 65536, not -1/,
    ],
  ] as const) {
    const { code, stderr } = await run(['status', 'shop', 'o-1', '--codec', file]);
    t.is(code, 1);
    t.regex(stderr, told);
  }
});
