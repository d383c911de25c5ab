import test, { type ExecutionContext } from 'ava';
import { until } from '../until.js';
import { openShop, type Shop } from './shop.js';
import { perdureInTerminal } from './terminal.js';

/** What somebody at a terminal sees of text that others wrote, and of errors. */

const hostile = 'gone\x1b[2J\x1b]0;owned\x07\u202e\u2028\r\nok';
const key = 'k\u202ek'; // what else it could have is refused
const control = /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u;

let shop: Shop;
test.before(async () => {
  shop = await openShop();
  const { client } = shop;
  await client.startNew('order', hostile, { instanceId: key, tags: { of: 'a\u202eb' }, memo: hostile });
  await client.raiseEvent(key, `Paid\u202e`, hostile);
  await client.suspend(key, hostile);
  await client.startNew('order', 'air', { instanceId: 'ended' });
  await client.callEntity('counter', key, 'add', 1);
  await client.callEntity('counter', key, 'fail', hostile).catch(() => {});
  await client.schedules.create(key, { cron: '0 3 * * *', start: ['hello', hostile], isPaused: true, note: hostile });
  await until(async () => (await client.countInstances()).byRuntimeStatus.Failed === 1, 'the views');
  await until(async () => (await client.entities.list()).entities.length === 1, 'the view of the entity');
});
test.after.always(() => shop?.close());

/** A run at a terminal, without the colours that are the command's own. */
async function shown(t: ExecutionContext, command: string, ...args: string[]) {
  const run = perdureInTerminal(t, [...command.split(' '), 'shop', ...args, '--server', shop.server.url]);
  const code = await run.ended;
  return {
    code,
    text: run
      .shown()
      .replaceAll('\r\n', '\n')
      .replaceAll(/\x1b\[\d+m/g, ''), // oxlint-disable-line no-control-regex
  };
}

test('what others wrote is shown, and steers no terminal', async (t) => {
  t.timeout(120_000);
  for (const [command, ...args] of [
    ['list'],
    ['status', key],
    ['history', key],
    ['inspect', key],
    ['entities', '--states'],
    ['inspect'],
    ['inspect', 'counter', key],
    ['break-lock', 'counter', key],
    ['call', 'counter', key, 'add', '1'],
    ['schedule list'],
    ['schedule show', key],
    ['resume', key],
    ['raise', key, 'Paid', JSON.stringify(hostile)],
    ['start', 'hello', JSON.stringify(hostile), '--wait'],
  ] as const) {
    const { code, text } = await shown(t, command, ...args);
    t.is(code, 0, `${command}: ${text}`);
    t.notRegex(text, control, `${command}: ${JSON.stringify(text)}`);
  }
  t.regex(
    (await shown(t, 'schedule show', key)).text,
    /^note: +gone\\u001b\[2J\\u001b\]0;owned\\u0007\\u202e\\u2028\\u000d\\nok$/m,
  );
});

test('an error is told as text, with the exit code of its kind', async (t) => {
  for (const [code, told, command, ...args] of [
    [3, /^PERDURE_NOT_FOUND: There is no orchestration instance with id "nobody"\.$/m, 'status', 'nobody'],
    [3, /^PERDURE_UNKNOWN_OPERATION: .*"counter" has no operation "steal"/m, 'call', 'counter', 'a', 'steal'],
    [5, /^PERDURE_ENTITY_OPERATION_FAILED: .*too much/m, 'call', 'counter', 'a', 'add', '101'],
    [
      5,
      /^PERDURE_ENTITY_OPERATION_FAILED: .*gone\\u001b\[2J.*\\u000d$/m,
      'call',
      'counter',
      'a',
      'fail',
      JSON.stringify(hostile),
    ],
    [5, /^PERDURE_ORCHESTRATION_FAILED: .*nothing to pack/m, 'start', 'order', '"air"', '--wait'],
    [2, /^error: unknown option '--nonsense'$/m, 'list', '--nonsense'],
    [1, /^PERDURE_INVALID_ID: .*control character at 1$/m, 'status', 'a\x1b[2Jb'],
    [3, /^PERDURE_NOT_FOUND: .*"b\\u202eb"/m, 'status', 'b\u202eb'],
  ] as const) {
    const { code: ended, text } = await shown(t, command, ...args);
    t.regex(text, told, JSON.stringify(text));
    t.notRegex(text, control, JSON.stringify(text));
    t.is(ended, code, text);
  }
});
