/** Throughput of one worker process and one client process on a real server: `npm run bench:throughput`. */
import { Rig } from './rig.js';

const SIGNALS = Number(process.argv[2] ?? 100_000);
const ORCHESTRATIONS = Number(process.argv[3] ?? 10_000);

function check(total: number, expected: number): void {
  if (total !== expected) throw new Error(`The entities counted ${total} of ${expected} signals`);
}

await using rig = await Rig.start();
const keys = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
await rig.flood(5_000, (i) => `warm${i % 100}`);
await rig.rate('signals over 1,000 entities', SIGNALS, async () => {
  await rig.flood(SIGNALS, (i) => keys[i % keys.length]!);
  check(await rig.total(keys), SIGNALS);
});
await rig.rate('signals onto one entity', SIGNALS, async () => {
  await rig.flood(SIGNALS, () => 'one');
  check(await rig.total(['one']), SIGNALS);
});
await rig.rate('hello orchestrations', ORCHESTRATIONS, async () => {
  let begun = 0;
  const run = async (): Promise<void> => {
    while (begun++ < ORCHESTRATIONS) await (await rig.client.startNew('hello-sequence')).result();
  };
  await Promise.all(Array.from({ length: 500 }, run));
});
