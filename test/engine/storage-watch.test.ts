import test from 'ava';
import { MemoryWorld } from '../../lib/memory/world.js';
import { bankHost, MemoryClient, MemoryWorker } from './surroundings.js';

/** A partition that is owned, and when its streams were looked after since then, in virtual milliseconds. */
async function owned() {
  const looks: number[] = [];
  const world: MemoryWorld = new MemoryWorld({
    faults: {
      next: ({ port, connection }) => {
        if (port === 'storage' && connection === 'w') looks.push(world.scheduler.now);
        return 'none';
      },
    },
  });
  const hub = world.createHub('test', 1);
  const client = new MemoryClient(hub, 'client');
  await world.scheduler.settle(new MemoryWorker(hub, 'w', bankHost()).claim(), 60_000);
  await world.scheduler.advance(10_000); // what a takeover stores is stored
  looks.length = 0;
  return { looks, client, world };
}

const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((time, at) => time - times[at]!);

test('the streams of a partition at rest are looked after every second time, and never more than 7 s pass', async (t) => {
  const { looks, world } = await owned();
  await world.scheduler.advance(120_000);
  t.true(looks.length >= 19 && looks.length <= 22, `${looks.length}`);
  t.true(Math.max(...gapsOf(looks)) < 7_000, `${gapsOf(looks).join(' ')}`);
});

test('the streams of a partition at work are looked after every 3 s', async (t) => {
  const { looks, client, world } = await owned();
  for (let second = 0; second < 60; second++) {
    await world.scheduler.settle(client.signal('counter', 'k', 'add', 'x'), 60_000);
    await world.scheduler.advance(1_000);
  }
  t.true(looks.length >= 19, `${looks.length}`);
  t.true(Math.max(...gapsOf(looks)) < 3_500, `${gapsOf(looks).join(' ')}`);
});
