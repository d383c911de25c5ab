import test from 'ava';
import type { Activation } from '../../lib/engine/activation.js';
import { Instance } from '../../lib/engine/instance.js';
import { Loads } from '../../lib/engine/loads.js';
import { Loops } from '../../lib/engine/loops.js';
import { MemoryWorld } from '../../lib/memory/world.js';

/** Loads whose every read ends when the test says. */
function loadsOf() {
  const { clock } = new MemoryWorld().createHub('hub', 1).connect('one');
  const loops = new Loops(clock);
  const reads: {
    readonly address: string;
    readonly end: (activation: Activation) => void;
    fail(error: Error): void;
  }[] = [];
  const told: string[] = [];
  const loads = new Loads(loops, {
    load: ({ address }) => new Promise((end, fail) => reads.push({ address, end, fail })),
    loaded: ({ address }) => told.push(address),
    failed: ({ address }, error) => told.push(`${address}: ${String(error)}`),
  });
  const instances = Array.from({ length: 40 }, (_, i) => new Instance(`o.i${i}`));
  return { loops, loads, reads, told, instances };
}

const activation = {} as Activation;

test('instances are read 32 at a time, in the order in which they are wanted, each once', async (t) => {
  const { loops, loads, reads, told, instances } = loadsOf();
  for (const instance of [...instances, ...instances]) loads.want(instance);
  t.deepEqual([reads.length, loads.size], [32, 40]);
  const first = loads.whenLoaded(instances[0]!);
  const last = loads.whenLoaded(instances[39]!);
  for (let i = 0; i < 40; i++) {
    reads[i]!.end(activation);
    await Promise.resolve();
    t.is(reads.length, Math.min(40, 33 + i));
  }
  t.deepEqual(await Promise.all([first, last]), [activation, activation]);
  const order = instances.map(({ address }) => address);
  t.deepEqual([reads.map(({ address }) => address), told], [order, order]);
  t.deepEqual([loads.size, loops.waits, loads.has(instances[39]!)], [0, [], false]);
});

test('who waits for an instance that cannot be loaded is told, and so is the owner', async (t) => {
  const { loads, loops, reads, told, instances } = loadsOf();
  const waiting = loads.whenLoaded(instances[0]!);
  for (const instance of instances) loads.want(instance);
  reads[0]!.fail(new Error('damaged'));
  await t.throwsAsync(waiting, { message: 'damaged' });
  t.deepEqual(told, ['o.i0: Error: damaged']);
  t.deepEqual([reads.length, loads.size, loads.has(instances[0]!)], [33, 39, false], 'the next one is read');
  for (const { end } of reads.slice(1)) end(activation);
  for (let i = 0; i < 40; i++) await Promise.resolve();
  for (const { end } of reads.slice(33)) end(activation);
  for (let i = 0; i < 40; i++) await Promise.resolve();
  t.deepEqual([told.length, loads.size, loops.waits], [40, 0, []]);
});
