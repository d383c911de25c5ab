/** What one entity with a long queue costs the others of its partition: `npm run bench:slow-mailbox`. Fails when they wait for it. */
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { holdTo } from './bounds.js';
import { Rig } from './rig.js';

const WAITING = Number(process.argv[2] ?? 200_000);
const CALLS = 500;
/** How long an operation of the slow entity takes, in milliseconds. */
const SLOW = 50;

await using rig = await Rig.start();
const partition = partitionOf(entityAddress({ name: 'tally', key: 'slow' }), rig.hub.ports.partitions);
const neighbours = Array.from({ length: 1_000 }, (_, i) => `n${i}`).filter(
  (key) => partitionOf(entityAddress({ name: 'tally', key }), rig.hub.ports.partitions) === partition,
);

/** Calls of neighbours, one after another: how long they take; within how many milliseconds 99 % of them were answered. */
async function calls(what: string): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const begun = performance.now();
    await rig.client.callEntity('tally', neighbours[i % neighbours.length]!, 'add', 1);
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  const at = (part: number): number => took[Math.floor(part * (took.length - 1))]!;
  const shown = (part: number): string => at(part).toFixed(1);
  const { memory } = await rig.usageOf(rig.workers[0]!);
  console.log(
    `${what}: a call takes ${shown(0.5)} ms, 99 % at most ${shown(0.99)} ms, all at most ${shown(1)} ms; RSS ${Math.round(memory.rss / 1024 / 1024)} MiB`,
  );
  return at(0.99);
}

await calls('warming up');
await calls('alone');
const sending = rig.flood(WAITING, () => 'slow', 'slowly', SLOW);
await calls(`while ${WAITING} signals to one slow entity arrive`);
await sending;
const waiting = await calls(`while they wait, at ${SLOW} ms each`);
// Who waited for the slow one would wait for the rest of an operation at the least.
holdTo('99 % of the calls while they wait, in ms', waiting, SLOW / 2);
