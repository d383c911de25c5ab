/**
 * Memory of a worker that was asked for many entities once each: `npm run bench:memory`, or with their number and options of
 * Node.js for the worker, `npm run bench:memory -- 100000 --max-old-space-size=128`. Fails when it takes too much.
 */
import { holdTo } from './bounds.js';
import { Rig } from './rig.js';

const [entities = '100000', ...nodeOptions] = process.argv.slice(2);
const ENTITIES = Number(entities);
/** The most RSS that any of the reports may tell of the worker, in MB. */
const MOST = 250;
const MEGABYTE = 1024 * 1024;

await using rig = await Rig.start(nodeOptions.length > 0 ? { nodeOptions } : {});
const worker = rig.workers[0]!;
let peak = 0;
const report = async (what: string): Promise<void> => {
  const { memory } = await rig.usageOf(worker);
  const of = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MiB`;
  const { rss, heapUsed, heapTotal, arrayBuffers } = memory;
  console.log(`${what}: RSS ${of(rss)}, heap ${of(heapUsed)} of ${of(heapTotal)}, buffers ${of(arrayBuffers)}`);
  peak = Math.max(peak, rss);
};
await report('at the start');
const keys = Array.from({ length: ENTITIES }, (_, i) => `entity-${i}`);
const asked = keys.filter((_, i) => i % 100 === 99);
const before = await rig.usageOf(worker);
const begun = performance.now();
const part = 10_000;
for (let at = 0; at < ENTITIES; at += part) {
  await rig.flood(Math.min(part, ENTITIES - at), (i) => keys[at + i]!);
  await report(`after ${Math.min(at + part, ENTITIES)} entities were sent theirs`);
}
// The worker may be behind; what it says of the last entities stands for all.
const total = await rig.total(asked);
if (total !== asked.length) throw new Error(`The entities counted ${total} of ${asked.length} signals`);
const took = performance.now() - begun;
const each = ((await rig.usageOf(worker)).cpu - before.cpu) / ENTITIES;
console.log(`${Math.round((1_000 * ENTITIES) / took)} entities/s, ${each.toFixed(1)} µs of the worker's CPU time each`);
await report('when all are done');
holdTo('RSS, in MB', Math.round(peak / 1e6), MOST);
