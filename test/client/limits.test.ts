import test from 'ava';
import { PartlySentError, TimeoutError, type CallOptions, type TaskHubClient } from 'perdure';
import { hostOf } from '../engine/surroundings.js';
import { Parcel } from './parcel.js';
import { Ledger } from './readonly-classes.js';
import { rejection, Surroundings } from './surroundings.js';

type Call = (client: TaskHubClient, options: CallOptions) => Promise<unknown>;

const schedule = { intervalInMilliseconds: 60_000, start: ['parcel', 1] } as const;

const ended = [
  { type: 'ExecutionStarted', at: 1, name: 'parcel', executionId: 'e' },
  { type: 'ExecutionCompleted', at: 2 },
] as const;

/** Every call that asks something of the hub, once for each form that it has. */
const calls: Readonly<Record<string, Call>> = {
  startNew: (client, options) => client.startNew(Parcel, 1, options),
  'startNew with an id': (client, options) => client.startNew('parcel', 1, { instanceId: 'p', ...options }),
  startMany: (client, options) => client.startMany(Parcel, [[1]], options),
  'startMany by name': (client, options) =>
    client.startMany(
      'parcel',
      [[1, { instanceId: 'q', timeoutInMilliseconds: undefined, signal: undefined }]],
      options,
    ),
  raiseEvent: (client, options) => client.raiseEvent('p', 'Word', 'packed', options),
  suspend: (client, options) => client.suspend('p', 'rain', options),
  resume: (client, options) => client.resume('p', undefined, options),
  cancel: (client, options) => client.cancel('p', undefined, options),
  terminate: (client, options) => client.terminate('p', undefined, options),
  rewind: (client, options) => client.rewind('p', undefined, options),
  restart: (client, options) => client.restart('p', options),
  'restart as another one': (client, options) => client.restart('p', { newInstanceId: true, ...options }),
  purge: (client, options) => client.purge('p', options),
  restoreInstance: (client, options) => client.restoreInstance('r', { history: ended }, options),
  purgeInstances: (client, options) => client.purgeInstances({}, options),
  listInstances: (client, options) => client.listInstances({}, options),
  listInstanceIds: (client, options) => client.listInstanceIds({}, options),
  allInstances: (client, options) => client.allInstances({}, options).next(),
  countInstances: (client, options) => client.countInstances({}, options),
  namesWithoutWorker: (client, options) => client.namesWithoutWorker(options),
  inspect: (client, options) => client.inspect(options),
  cleanEntityStorage: (client, options) => client.cleanEntityStorage(options),
  release: (client, options) => client.release('o.p', options),
  breakLock: (client, options) => client.breakLock(Ledger, 'a', options),
  'handle.result': (client, options) => client.getHandle('p').result(options),
  'handle.status': (client, options) => client.getHandle('p').status(options),
  'handle.history': (client, options) => client.getHandle('p').history(options),
  'handle.trace': (client, options) => client.getHandle('p').trace(options),
  'handle.watch': (client, options) => client.getHandle('p').watch(options).next(),
  'handle.query': (client, options) => client.getHandle(Parcel, 'p').query(options).words(),
  'handle.query by name': (client, options) => client.getHandle('p').query('words', undefined, options),
  'handle.update': (client, options) => client.getHandle(Parcel, 'p').update(options).say('packed'),
  'handle.update by name': (client, options) => client.getHandle('p').update('say', 'packed', options),
  signalEntity: (client, options) => client.signalEntity(Ledger, 'a', options).add(1),
  'signalEntity by name': (client, options) => client.signalEntity('ledger', 'a', 'add', 1, options),
  signalMany: (client, options) => client.signalMany(Ledger, [['a', 'add', 1]], options),
  callEntity: (client, options) => client.callEntity(Ledger, 'a', options).add(1),
  'callEntity by name': (client, options) => client.callEntity('ledger', 'a', 'add', 1, options),
  'callEntity, readonly': (client, options) => client.callEntity(Ledger, 'a', options).all(),
  readEntityState: (client, options) => client.readEntityState(Ledger, 'a', options),
  'entities.list': (client, options) => client.entities.list({}, options),
  'entities.all': (client, options) => client.entities.all({}, options).next(),
  'entities.watch': (client, options) => client.entities.watch(Ledger, 'a', options).next(),
  'entities.history': (client, options) => client.entities.history(Ledger, 'a', options),
  'entities.inspect': (client, options) => client.entities.inspect(Ledger, 'a', options),
  'entities.delete': (client, options) => client.entities.delete(Ledger, 'a', options),
  'entities.restore': (client, options) => client.entities.restore(Ledger, 'b', { entityState: [] }, options),
  'schedules.create': (client, options) => client.schedules.create('s', schedule, options),
  'schedules.list': (client, options) => client.schedules.list(options),
  'schedule.describe': (client, options) => client.schedules.get('s').describe(options),
  'schedule.pause': (client, options) => client.schedules.get('s').pause('rain', options),
  'schedule.unpause': (client, options) => client.schedules.get('s').unpause(undefined, options),
  'schedule.trigger': (client, options) => client.schedules.get('s').trigger(options),
  'schedule.backfill': (client, options) =>
    client.schedules.get('s').backfill({ from: new Date(0), to: new Date(60_000), ...options }),
  'schedule.update': (client, options) => client.schedules.get('s').update(schedule, options),
  'schedule.delete': (client, options) => client.schedules.get('s').delete(options),
};

/** What one of many came to. */
const firstOf = (error: unknown): unknown =>
  error instanceof PartlySentError ? (error.settled[0] as PromiseRejectedResult).reason : error;

async function opened(): Promise<Surroundings> {
  const around = new Surroundings();
  await around.work('worker', hostOf({ orchestrators: [Parcel], entities: [Ledger] }));
  await around.settle(around.client.startNew(Parcel, 1, { instanceId: 'p' }));
  return around;
}

for (const [name, call] of Object.entries(calls)) {
  test(`${name} has a deadline, and tells what is known then`, async (t) => {
    const around = await opened();
    const before = around.world.time;
    const error = firstOf(await rejection(around, () => call(around.client, { timeoutInMilliseconds: 0 })));
    t.true(error instanceof TimeoutError, String(error));
    t.true(around.world.time - before < 100);
    t.true(['none', 'unknown'].includes((error as TimeoutError).effect));
    const wrong = firstOf(await rejection(around, () => call(around.client, { timeoutInMilliseconds: -1 })));
    t.is((wrong as { code?: string }).code, 'PERDURE_CONFIG');
  });

  test(`${name} ends with its signal`, async (t) => {
    const around = await opened();
    const enough = new AbortController();
    enough.abort(new RangeError('enough'));
    const error = firstOf(await rejection(around, () => call(around.client, { signal: enough.signal })));
    t.is((error as Error).message, 'enough', String(error));
  });
}

test('every public method of the client that asks something is here', (t) => {
  const methods = (prototype: object): string[] => {
    const parent = Object.getPrototypeOf(prototype) as object | null;
    const own = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
    return parent && parent !== Object.prototype ? [...own, ...methods(parent)] : own;
  };
  const { client } = new Surroundings();
  const asks = (of: object, prefix = ''): string[] =>
    methods(Object.getPrototypeOf(of) as object).map((name) => prefix + name);
  const known = new Set(Object.keys(calls).map((name) => name.split(/ |,/)[0]));
  const all = [
    ...asks(client),
    ...asks(client.entities, 'entities.'),
    ...asks(client.getHandle('p'), 'handle.'),
    ...asks(client.schedules.get('s'), 'schedule.'),
  ];
  // Those of a handle that are asked of the client by id, too, are the same.
  // The last one waits for the request that it answers: test/client/http-responses.test.ts.
  const ofRequests = [
    'createHttpManagementPayload',
    'createCheckStatusResponse',
    'waitForCompletionOrCreateCheckStatusResponse',
  ];
  const asksNothing = ['getHandle', 'close', ...ofRequests];
  const missing = all.filter(
    (name) => !known.has(name) && !known.has(name.replace('handle.', '')) && !asksNothing.includes(name),
  );
  t.deepEqual(missing, []);
});

test('a call that is under way ends with its signal, and its time, at once', async (t) => {
  const around = new Surroundings(); // nobody answers
  const [late, soon] = [new AbortController(), { timeoutInMilliseconds: 700 }];
  const asked = rejection(around, () => around.client.callEntity('ledger', 'a', 'add', 1, { signal: late.signal }));
  await around.advance(500);
  late.abort(new RangeError('enough'));
  t.is((await asked).message, 'enough');
  const before = around.world.time;
  const error = await rejection(around, () => around.client.callEntity('ledger', 'a', 'add', 2, soon));
  t.true(error instanceof TimeoutError);
  t.is((error as TimeoutError).effect, 'stored');
  t.true(around.world.time - before <= 701);
  const known = await rejection(around, () => around.client.getHandle('nobody').status(soon));
  t.is((known as TimeoutError).effect, 'none');
});

test('a purge tells how far it has come, and ends with its signal without asking for more', async (t) => {
  const around = await opened();
  const ids = Array.from({ length: 300 }, (_, i) => `many-${i}`);
  await around.settle(
    around.client.startMany(
      Parcel,
      ids.map((instanceId) => [1, { instanceId }]),
    ),
  );
  await around.settle(Promise.all(ids.map((id) => around.client.terminate(id))));
  await around.advance(2_000);
  const enough = new AbortController();
  const told: number[] = [];
  const filter = { instanceIdPrefix: 'many-' };
  const error = await rejection(around, () =>
    around.client.purgeInstances(filter, {
      signal: enough.signal,
      onProgress: ({ purged }) => void (told.push(purged), purged >= 100 && enough.abort(new RangeError('enough'))),
    }),
  );
  t.is(error.message, 'enough');
  t.deepEqual(
    told,
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  await around.advance(2_000);
  const { total } = await around.settle(around.client.countInstances(filter));
  t.true(total > 100 && total < 201, `${total}`);
  let last: object | undefined;
  const onProgress = (progress: object): void => void (last = progress);
  t.is(await around.settle(around.client.purgeInstances(filter, { onProgress })), total);
  t.deepEqual(last, { found: total, purged: total });
  const broken = (): void => {
    throw new RangeError('no terminal');
  };
  await around.settle(around.client.startNew(Parcel, 1, { instanceId: 'many-x' }));
  await around.settle(around.client.terminate('many-x'));
  await around.advance(2_000);
  t.is(
    (await rejection(around, () => around.client.purgeInstances(filter, { onProgress: broken }))).message,
    'no terminal',
  );
});
