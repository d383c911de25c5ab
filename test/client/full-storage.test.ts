import test from 'ava';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { Counter } from '../engine/bank.js';
import { rejection, Surroundings } from './surroundings.js';

/** What a client's attempts to store something come to, one after another; the last fault stays. */
class Storing implements FaultPlan {
  faults: Fault[] = ['none'];
  attempts = 0;
  next({ connection, operation }: PortCall): Fault {
    if (connection !== 'client' || (operation !== 'send' && operation !== 'put')) return 'none';
    this.attempts++;
    return (this.faults.length > 1 ? this.faults.shift() : this.faults[0]) ?? 'none';
  }
}

/** A client with an open session to the partition of `k`, and a worker. */
async function stage() {
  const storing = new Storing();
  const around = new Surroundings({ faults: storing });
  const worker = await around.work();
  await around.settle(around.client.signalEntity(Counter, 'k').add('first'));
  const seen = async (): Promise<readonly string[]> => {
    const { entityState: state } = await around.settle(around.client.readEntityState(Counter, 'k'));
    return state?.seen ?? [];
  };
  return { storing, around, client: around.client, worker, seen };
}

test('a stream that is full is told within some seconds, by name, to all who wait; with room the next ones are stored', async (t) => {
  const { storing, around, client, seen } = await stage();
  storing.faults = ['full'];
  const { stored } = around;
  const begun = around.world.scheduler.now;
  const signal = rejection(around, () => client.signalEntity(Counter, 'k').add('second'));
  const call = rejection(around, () => client.callEntity(Counter, 'k').add('third'));
  const start = rejection(around, () => client.startNew('hello', undefined, { instanceId: 'h' }));
  for (const refused of [signal, call, start]) {
    const error = await refused;
    t.like(error, { code: 'PERDURE_STORAGE_FULL', effect: 'none', reason: 'maximum bytes exceeded' });
    t.regex(error.message, /^Stream .* takes nothing now: maximum bytes exceeded\. Nothing of it was stored: /);
  }
  t.true(around.world.scheduler.now - begun < 7_000, `${around.world.scheduler.now - begun} ms`);

  // As long as it stays so, whoever comes later waits no longer for it.
  const later = around.world.scheduler.now;
  t.is((await rejection(around, () => client.signalEntity(Counter, 'k').add('fourth'))).code, 'PERDURE_STORAGE_FULL');
  t.true(around.world.scheduler.now - later < 100);
  t.is(around.stored, stored);

  storing.faults = ['none'];
  await around.settle(client.signalEntity(Counter, 'k').add('fifth'));
  t.is(await around.settle(client.callEntity(Counter, 'k').add('sixth')), 3);
  t.deepEqual(await seen(), ['first', 'fifth', 'sixth']);
});

test('what is refused for a moment only is stored, and nobody is told', async (t) => {
  const { storing, around, client, seen } = await stage();
  storing.faults = ['full', 'full', 'full', 'none'];
  await around.settle(client.signalEntity(Counter, 'k').add('second'));
  storing.faults = ['full', 'full', 'none']; // the waiting begins anew
  await around.settle(client.signalEntity(Counter, 'k').add('third'));
  t.deepEqual(await seen(), ['first', 'second', 'third']);
});

test('a message of which a copy may have been stored before is not said to be of no effect', async (t) => {
  const { storing, around, client, seen } = await stage();
  storing.faults = ['responseLost', 'full'];
  const error = await rejection(around, () => client.signalEntity(Counter, 'k').add('second'));
  t.like(error, { code: 'PERDURE_STORAGE_FULL', effect: 'unknown' });
  storing.faults = ['none'];
  t.is(await around.settle(client.callEntity(Counter, 'k').add('third')), 3);
  t.deepEqual(await seen(), ['first', 'second', 'third']);
});

test('a session that cannot be opened is told in the same way', async (t) => {
  const storing = new Storing();
  const around = new Surroundings({ faults: storing });
  await around.work();
  storing.faults = ['full'];
  const error = await rejection(around, () => around.client.signalEntity(Counter, 'k').add('first'));
  t.like(error, { code: 'PERDURE_STORAGE_FULL', effect: 'none' });
  storing.faults = ['none'];
  t.is(await around.settle(around.client.callEntity(Counter, 'k').add('second')), 1);
});

test('a large value for which the object store has no room is told, and its message is not sent', async (t) => {
  const { storing, around, client } = await stage();
  storing.faults = ['full'];
  const { stored } = around;
  const error = await rejection(around, () => client.signalEntity(Counter, 'k').add('x'.repeat(400_000)));
  t.like(error, { code: 'PERDURE_STORAGE_FULL' });
  t.is(around.stored, stored);
  t.is(around.hub.objects.size, 0);
});
