/** What one entity with a long queue costs the others of its partition: `npm run bench:slow-mailbox`. */
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { Rig } from './rig.js';

const WAITING = Number(process.argv[2] ?? 200_000);
const CALLS = 500;

await using rig = await Rig.start();
const partition = partitionOf(entityAddress({ name: 'tally', key: 'slow' }), rig.hub.ports.partitions);
const neighbours = Array.from({ length: 1_000 }, (_, i) => `n${i}`).filter(
  (key) => partitionOf(entityAddress({ name: 'tally', key }), rig.hub.ports.partitions) === partition,
);

/** Calls of neighbours, one after another: how long they take. */
async function calls(what: string): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const begun = performance.now();
    await rig.client.callEntity('tally', neighbours[i % neighbours.length]!, 'add', 1);
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  const at = (part: number): string => took[Math.floor(part * (took.length - 1))]!.toFixed(1);
  const { memory } = await rig.usageOf(rig.workers[0]!);
  console.log(
    `${what}: a call takes ${at(0.5)} ms, 99 % at most ${at(0.99)} ms, all at most ${at(1)} ms; RSS ${Math.round(memory.rss / 1024 / 1024)} MiB`,
  );
}

await calls('warming up');
await calls('alone');
const sending = rig.flood(WAITING, () => 'slow', 'slowly', 50);
await calls(`while ${WAITING} signals to one slow entity arrive`);
await sending;
await calls(`while they wait, at 50 ms each`);
