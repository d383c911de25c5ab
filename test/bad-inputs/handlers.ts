import type { BadInput } from './row.js';
import { spoils, World } from './world.js';

/** Rows about names, handlers, orchestrators, timers, events and keys. */

const inWorld = (attempt: (world: World) => unknown) => async () => {
  const world = await World.open();
  return world.settle((async () => attempt(world))());
};
/** What is refused before anything is stored. */
const refusedIn = (attempt: (world: World) => Promise<unknown>) => async () => {
  const world = await World.open();
  const before = world.stored;
  const refused = world.settle(attempt(world));
  await refused.catch(() => {});
  await world.advance(1_000);
  if (world.stored !== before) throw new Error('Something was stored');
  return refused;
};
const called = (operation: string) => inWorld(({ client }) => client.callEntity('odd', 'k', operation));
const refusedCall = (operation: string) => refusedIn(({ client }) => client.callEntity('odd', 'k', operation));
/** The code of the failure that it ends in. */
const codeOf = (call: (world: World) => Promise<unknown>) => async () => {
  const world = await World.open();
  return (await world.failureOf(() => call(world))).code;
};
const codeOfRun = (name: string, input?: string) => codeOf((world) => world.ran(name, input));
const failed = (how: string) => async () => {
  const world = await World.open();
  const { name, message, depth } = await world.failureOf(() => world.client.callEntity('odd', 'k', 'fail', how));
  return { name, message: message.length > 100 ? `${message.slice(0, 3)}${message.slice(-30)}` : message, depth };
};
const unknownOperation = { code: 'PERDURE_UNKNOWN_OPERATION', text: /"odd" has no operation/ } as const;
const start = (options: object) => refusedIn(({ client }) => client.startNew('waiter', undefined, options));

const codeOfSpoiled: Readonly<Record<string, string>> = {
  '10,000 deep': 'PERDURE_TOO_DEEP',
  'a key __proto__': 'PERDURE_FORBIDDEN_KEY',
  'constructor.prototype': 'PERDURE_FORBIDDEN_KEY',
  'larger than the limit': 'PERDURE_PAYLOAD_TOO_LARGE',
};

export const handlers: readonly BadInput[] = [
  {
    row: 20,
    title: 'entity name: unregistered',
    attempt: refusedIn(({ client }) => client.signalEntity('nobody', 'k', 'add')),
    error: { code: 'PERDURE_UNKNOWN_ENTITY', text: /registered are: odd/ },
  },
  {
    row: 23,
    title: 'instance id: of one that runs',
    attempt: inWorld(async ({ client }) => {
      await client.startNew('waiter', undefined, { instanceId: 'i' });
      await client.startNew('waiter', undefined, { instanceId: 'i' });
    }),
    error: { code: 'PERDURE_INSTANCE_EXISTS', text: /with id "i" exists/ },
  },
  {
    row: 24,
    title: 'instance id: of one whose purge is under way: one after the other',
    attempt: inWorld(async ({ client }) => {
      const first = await client.startNew('waiter', undefined, { instanceId: 'i' });
      await first.terminate('enough');
      await first.result().catch(() => {});
      const [, second] = await Promise.all([first.purge(), client.startNew('waiter', undefined, { instanceId: 'i' })]);
      return (await second.status()).runtimeStatus;
    }),
    becomes: 'Running',
  },
  ...['constructor', 'toString', '__proto__', 'hasOwnProperty'].map((name) => ({
    row: 25,
    title: `operation: ${name}`,
    attempt: refusedCall(name),
    error: unknownOperation,
  })),
  ...['_private', '#x'].map((name) => ({
    row: 26,
    title: `operation: ${name}`,
    attempt: refusedCall(name),
    error: unknownOperation,
  })),
  {
    row: 27,
    title: 'operation: a name of 10 KB',
    attempt: refusedCall('x'.repeat(10_240)),
    error: { code: 'PERDURE_INVALID_NAME', text: /operation/ },
  },
  {
    row: 40,
    title: 'input: larger than the limit',
    attempt: refusedIn(({ client }) => client.signalEntity('odd', 'k', 'keep', 'x'.repeat(16 * 1_024 * 1_024))),
    error: { code: 'PERDURE_PAYLOAD_TOO_LARGE', text: /16777218 > 16777216 bytes/ },
  },
  ...Object.keys(spoils).map((how) => ({
    row: 44,
    title: `state: ${how}, after the handler`,
    attempt: inWorld(async (world) => {
      const { client } = world;
      await client.callEntity('odd', 'k', 'keep', 'kept');
      const { code } = await world.failureOf(() => client.callEntity('odd', 'k', 'spoil', how));
      return [code, (await client.readEntityState('odd', 'k')).entityState];
    }),
    becomes: [codeOfSpoiled[how] ?? 'PERDURE_UNSERIALIZABLE', { kept: 'kept' }],
  })),
  {
    row: 45,
    title: 'handler: throws null',
    attempt: failed('null'),
    becomes: { name: 'Error', message: 'null', depth: 0 },
  },
  {
    row: 45,
    title: 'handler: throws a text',
    attempt: failed('text'),
    becomes: { name: 'Error', message: 'just a text', depth: 0 },
  },
  {
    row: 45,
    title: 'handler: throws a revoked Proxy',
    attempt: failed('proxy'),
    becomes: { name: 'Error', message: 'A value was thrown that cannot be read.', depth: 0 },
  },
  {
    row: 46,
    title: 'handler: a message of 10 MB',
    attempt: failed('long'),
    becomes: { name: 'Error', message: 'xxx(cut: 9991872 more characters)', depth: 0 },
  },
  {
    row: 47,
    title: 'handler: causes that run in a circle',
    attempt: failed('cyclic'),
    becomes: { name: 'Error', message: 'round', depth: 4 },
  },
  { row: 48, title: 'handler: returns a thenable', attempt: called('later'), becomes: 'awaited 1 time' },
  {
    row: 49,
    title: 'handler: never ends',
    attempt: codeOf(({ client }) => client.callEntity('odd', 'k', 'never')),
    becomes: 'PERDURE_OPERATION_TIMEOUT',
  },
  {
    row: 51,
    title: 'orchestrator: waits for a foreign promise',
    attempt: codeOfRun('foreign'),
    becomes: 'PERDURE_ILLEGAL_AWAIT',
  },
  {
    row: 52,
    title: 'orchestrator: 1,000,000 tasks in one step',
    attempt: codeOfRun('many'),
    becomes: 'PERDURE_HISTORY_TOO_LONG',
  },
  { row: 53, title: 'timer: NaN', attempt: codeOfRun('timed', 'nan'), becomes: 'PERDURE_INVALID_TIME' },
  { row: 53, title: 'timer: an invalid Date', attempt: codeOfRun('timed', 'invalid'), becomes: 'PERDURE_INVALID_TIME' },
  { row: 54, title: 'timer: past', attempt: inWorld((world) => world.ran('timed', 'past')), becomes: 'fired' },
  {
    row: 55,
    title: 'timer: in the year 9999',
    attempt: codeOfRun('timed', 'year 9999'),
    becomes: 'PERDURE_INVALID_TIME',
  },
  { row: 55, title: 'timer: 2^53 milliseconds', attempt: codeOfRun('timed', '2^53'), becomes: 'PERDURE_INVALID_TIME' },
  { row: 56, title: 'timer: negative', attempt: codeOfRun('timed', 'negative'), becomes: 'PERDURE_INVALID_TIME' },
  {
    row: 57,
    title: 'event name: empty',
    attempt: refusedIn(({ client }) => client.raiseEvent('i', '')),
    error: { code: 'PERDURE_INVALID_NAME', text: /event/ },
  },
  {
    row: 57,
    title: 'event name: a dot, a space, a letter beyond ASCII',
    attempt: inWorld(async ({ client }) => {
      const handle = await client.startNew('waiter');
      await handle.raiseEvent('a.b é', 'heard');
      return handle.result();
    }),
    becomes: 'heard',
  },
  {
    row: 58,
    title: 'event: to an instance that is not there',
    attempt: inWorld(({ client }) => client.raiseEvent('nobody', 'Go', 'early')),
    error: { code: 'PERDURE_NOT_FOUND', text: /"nobody"/ },
  },
  {
    row: 59,
    title: 'event: to an instance that has ended: ignored, and told so',
    attempt: inWorld(async ({ client }) => {
      const handle = await client.startNew('waiter');
      await handle.raiseEvent('a.b é', 1);
      await handle.result();
      return handle.raiseEvent('a.b é', 2);
    }),
    becomes: false,
  },
  {
    row: 60,
    title: 'idempotency key: CR LF',
    attempt: start({ idempotencyKey: 'a\r\nX: y' }),
    error: { code: 'PERDURE_CONFIG', text: /^idempotencyKey: .*control character/ },
  },
  {
    row: 61,
    title: 'idempotency key: 10 KB',
    attempt: start({ idempotencyKey: 'x'.repeat(10_240) }),
    error: { code: 'PERDURE_CONFIG', text: /^idempotencyKey: .* 1 to 1000 characters/ },
  },
];
