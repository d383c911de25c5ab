/** How soon a hub is back after everything was killed while much mail waited: `npm run bench:backlog`. */
import { until } from '../until.js';
import { holdTo } from './bounds.js';
import { Rig } from './rig.js';

const WAITING = Number(process.argv[2] ?? 1_000_000);
const KEYS = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
/** The longest that it may take from the start of server and worker until mail is worked off, in milliseconds. */
const MOST = 10_000;

await using rig = await Rig.start();
await rig.total(KEYS.slice(0, 100));
await rig.stopWorker(rig.workers[0]!, 'SIGKILL');
await rig.flood(WAITING, (i) => KEYS[i % KEYS.length]!);
const before = await rig.usage();

const begun = performance.now();
const since = (): number => Math.round(performance.now() - begun);
await rig.killAndRestartServer();
const served = since();
const worker = await rig.startWorker();
const started = since();
// Each partition begins with the record of its new owner: what comes behind is work.
const worksOff = async (): Promise<boolean> =>
  (await rig.usage()).commits > before.commits + 2 * rig.hub.ports.partitions;
await until(worksOff, 'mail to be worked off', 60);
const ready = since();
const total = await rig.total(KEYS);
const drained = since();
if (total !== WAITING) throw new Error(`The entities counted ${total} of ${WAITING}`);
const { memory } = await rig.usageOf(worker);
console.log(
  `${WAITING} signals to ${KEYS.length} entities waited, ${before.storedBytes} bytes in the streams. Behind the kill -9 of all: ` +
    `the server is back after ${served} ms, a worker has started after ${started} ms, mail is worked off after ${ready} ms`,
);
console.log(
  `All is done after ${(drained / 1_000).toFixed(1)} s, ${Math.round((1_000 * WAITING) / (drained - ready))} a second; ` +
    `RSS of the worker ${Math.round(memory.rss / 1024 / 1024)} MiB`,
);
holdTo('ms until mail is worked off', ready, MOST);
