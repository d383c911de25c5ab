import test from 'ava';
import { TaskHubClient, TimeoutError } from 'perdure';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { hostOf } from '../engine/surroundings.js';
import { Parcel } from './parcel.js';
import { rejection, Surroundings } from './surroundings.js';

const host = () => hostOf({ orchestrators: [Parcel] });

test('of many starts with one key one begins an instance, whoever makes them, and until that is purged', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const other = around.newClient('other');
  const start = (client: TaskHubClient, round: number) => client.startNew(Parcel, round, { idempotencyKey: 'order 7' });
  const handles = await around.settle(
    Promise.all([start(around.client, 1), start(other, 2), other.startNew('parcel', 3, { idempotencyKey: 'order 7' })]),
  );
  t.is(new Set(handles.map(({ instanceId, runId }) => `${instanceId} ${runId}`)).size, 1);
  const [first] = handles;
  await around.advance(1_000);
  t.is((await around.settle(around.client.countInstances())).total, 1);
  await around.settle(first!.raiseEvent('Word', 'end'));
  t.is(await around.settle(first!.result()), 'delivered');
  t.is((await around.settle(start(other, 4))).runId, first!.runId, 'also of one that has ended');
  const restarted = await around.settle(first!.restart());
  t.is((await around.settle(start(other, 5))).runId, restarted.runId, 'and of one that was restarted');
  t.not((await around.settle(other.startNew(Parcel, 1, { idempotencyKey: 'order 8' }))).instanceId, first!.instanceId);
  await around.settle(restarted.terminate());
  await around.settle(restarted.purge());
  t.not((await around.settle(start(other, 6))).runId, restarted.runId);
});

test('a start of which nothing is known is made again with its key, and begins once', async (t) => {
  let isAway = false;
  // What is sent is stored, and nobody says so.
  const faults: FaultPlan = { next: ({ operation }) => (isAway && operation === 'send' ? 'responseLost' : 'none') };
  const around = new Surroundings({ faults });
  await around.settle(around.client.raiseEvent('nobody', 'Word').catch(() => {}));
  const mortal = around.newClient('mortal', { timeoutInMilliseconds: 1_000 });
  isAway = true;
  const options = { idempotencyKey: 'k'.repeat(1_000) };
  const error = await rejection(around, () => mortal.startNew('parcel', 1, options));
  t.true(error instanceof TimeoutError);
  await mortal.close();
  isAway = false;
  await around.work('worker', host());
  const handle = await around.settle(around.newClient('next').startNew('parcel', 1, options));
  t.is((error as TimeoutError).instanceId, handle.instanceId);
  await around.advance(1_000);
  t.is((await around.settle(around.client.countInstances())).total, 1);
});

test('what is no key is refused, and so is one beside an id', async (t) => {
  const { client } = new Surroundings();
  for (const options of [
    { idempotencyKey: '' },
    { idempotencyKey: 'k'.repeat(1_001) },
    { idempotencyKey: 7 as never },
    { idempotencyKey: 'k', instanceId: 'p' },
    { idempotencyKey: 'k', ifExists: 'replace' as const },
  ])
    await t.throwsAsync(client.startNew('parcel', 1, options), { code: 'PERDURE_CONFIG' });
});
