import test from 'ava';
import { QueryFailedError, UpdateFailedError } from 'perdure';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { Counter, Hello, Nap } from '../engine/bank.js';
import { Order, Tally } from '../engine/order.js';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

const host = () => hostOf({ entities: [Counter], orchestrators: [Order, Tally, Nap, Hello] });

async function opened(faults?: FaultPlan) {
  const around = new Surroundings(faults ? { faults } : {});
  const worker = await around.work('worker', host());
  const order = await around.settle(around.client.startNew(Order));
  return { around, worker, order, settle: <T>(promise: Promise<T>) => around.settle(promise) };
}

test('queries and updates are typed methods of the handle; a query sees all updates that were answered', async (t) => {
  const { around, order, settle } = await opened();
  t.deepEqual(await settle(order.query().items()), [], 'also while the start is on its way');
  t.is(await settle(order.update().add({ item: 'nails', pieces: 5, made: 1 })), 1);
  t.deepEqual(await settle(order.query().items()), ['nails']);
  t.deepEqual(await settle(order.query().line(0)), { item: 'nails', pieces: 5, made: 1 });
  const same = around.client.getHandle(Order, order.instanceId);
  t.is(await settle(same.update().close()), undefined);
  t.is(await settle(order.result()), '5 nails');
  t.deepEqual(await settle(same.query().items()), ['nails'], 'an instance that has ended can be asked');
});

test('the same by names, without the class', async (t) => {
  const { around, order, settle } = await opened();
  const same = around.client.getHandle(order.instanceId);
  t.is(await settle(same.update<number>('add', { item: 'nails', pieces: 2 })), 1);
  t.deepEqual(await settle(same.query<string[]>('items')), ['nails']);
  const refused = await rejection(around, () => same.update('add', { item: 7 }));
  t.true(refused instanceof UpdateFailedError && refused.isCausedBy('InvalidInputError'));
  const unknown = await rejection(around, () => same.query('prices'));
  t.true(unknown instanceof QueryFailedError && unknown.isCausedBy('UnknownQueryError'));
  t.is((await rejection(around, () => same.query('#'.repeat(200)))).code, 'PERDURE_INVALID_NAME');
});

test('what is wrong is refused before sending: another name, a bad input, a method of the other kind', async (t) => {
  const { around, order } = await opened();
  const { stored } = around;
  const code = async (call: () => unknown) => (await rejection(around, call)).code;
  t.is(await code(() => order.update().add({ item: 7 } as never)), 'PERDURE_INVALID_INPUT');
  t.is(await code(() => order.query().line('first' as never)), 'PERDURE_INVALID_INPUT');
  t.is(await code(() => order.query().filler({ length: 'x'.repeat(2_000_000) } as never)), 'PERDURE_INVALID_INPUT');
  t.is(await code(() => order.query('filler', 'x'.repeat(2_000_000))), 'PERDURE_INVALID_INPUT');
  t.is(
    await code(() => around.client.getHandle(order.instanceId).query('filler', 'x'.repeat(2_000_000))),
    'PERDURE_PAYLOAD_TOO_LARGE',
  );
  const query = await rejection(around, () => order.query().add({ item: 'nails', pieces: 1, made: 1 }));
  t.regex(query.message, /^Orchestrator "order" has no query "add"; it has: items, line, filler. It is an update/);
  const update = await rejection(around, () => order.update().items());
  t.regex(update.message, /^Orchestrator "order" has no update "items"; it has: add, close, text. It is a query/);
  t.is(await code(() => order.update('remove')), 'PERDURE_UNKNOWN_UPDATE');
  t.is(around.stored, stored);
});

test('what a handler throws comes back as data, and the instance goes on', async (t) => {
  const { around, order, settle } = await opened();
  const update = await rejection(around, () => order.update().add({ item: 'none', pieces: 1, made: 1 }));
  t.true(update instanceof UpdateFailedError);
  t.like(update, { code: 'PERDURE_UPDATE_FAILED', update: 'add', instanceId: order.instanceId });
  t.true((update as UpdateFailedError).isCausedBy(RangeError));
  const query = await rejection(around, () => order.query().line(3));
  t.like(query, { code: 'PERDURE_QUERY_FAILED', query: 'line' });
  t.true((query as QueryFailedError).isCausedBy(RangeError));
  t.is(await settle(order.update().add({ item: 'nails', pieces: 1, made: 1 })), 1);
  const large = await rejection(around, () => order.query().filler(2_000_000));
  t.true(large instanceof QueryFailedError && large.isCausedBy('PayloadTooLargeError'), 'an answer too large');
});

test('there is no such instance; it has ended; no worker has it; nobody answers: each has an error of its own', async (t) => {
  const { around, order, settle, worker } = await opened();
  const code = async (call: () => unknown) => (await rejection(around, call)).code;
  const nobody = around.client.getHandle(Order, 'nobody');
  t.is(await code(() => nobody.query().items()), 'PERDURE_NOT_FOUND');
  t.is(await code(() => nobody.update().close()), 'PERDURE_NOT_FOUND');
  await settle(order.update().close());
  t.is(await code(() => order.update().close()), 'PERDURE_INSTANCE_ENDED');
  await settle(worker.stop());
  t.is(await code(() => order.query().items()), 'PERDURE_TIMEOUT');
  const late = await rejection(around, () => order.update().close());
  t.regex(late.message, /It is stored, and will be carried out as soon as a worker takes it/);
  await around.work('other', hostOf({ orchestrators: [Hello] }));
  t.is(await code(() => order.query().items()), 'PERDURE_NO_WORKER');
});

test('an update whose answer was lost with its worker has its one outcome from the next worker', async (t) => {
  let isMute = false;
  const { around, order, worker, settle } = await opened({
    next: ({ connection, port }) => (isMute && connection === 'worker' && port === 'bus' ? 'requestLost' : 'none'),
  });
  await settle(order.update().add({ item: 'nails', pieces: 1, made: 1 }));
  isMute = true;
  const added = order.update().add({ item: 'screws', pieces: 1, made: 1 });
  await around.advance(500);
  worker.connection.kill();
  await around.work('successor', host());
  t.is(await settle(added), 2);
  t.deepEqual(await settle(order.query().items()), ['nails', 'screws']);
});

test('updates of one client take effect in the order of the calls, each once, also when sends are lost or unanswered', async (t) => {
  let drawn = 0;
  const { order, settle } = await opened({
    next: ({ connection, operation }) => {
      if (connection !== 'client' || operation !== 'send') return 'none';
      drawn++;
      return drawn % 5 === 1 ? 'requestLost' : drawn % 5 === 3 ? 'responseLost' : 'none';
    },
  });
  const items = Array.from({ length: 20 }, (_, at) => `i${at}`);
  const counts = await settle(Promise.all(items.map((item) => order.update().add({ item, pieces: 1, made: 1 }))));
  t.deepEqual(
    counts,
    items.map((_, at) => at + 1),
  );
  t.deepEqual(await settle(order.query().items()), items);
});
