/**
 * What the messages of hellos cost alone: `npm run bench:messages [-- --sync always]`. Two processes send each other what client and
 * worker send for hellos, one after the other and with 200 in flight, through the streams of a hub and the ports that client and
 * engine use, and do nothing else: what an engine with these messages and ports cannot go below.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureFloor, oneByOne } from './floor.js';
import { ALONE, HELLOS, MAIL, NOTICE, NOTICES } from './messages-of-hello.js';
import { Rig, syncOf, type ProcessUsage } from './rig.js';
import { inFlight } from './workload.js';

const WIDTH = Math.round(200 / HELLOS);

const { values } = parseArgs({ options: { sync: { type: 'string', default: 'default' } } });
const sync = syncOf(values.sync);
/** Of twelve hellos, and of one alone. */
const [EXCHANGES, TIMES] = sync === 'always' ? [2_000, 1_000] : [8_000, 3_000];
await using rig = await Rig.start({ sync, workers: 0 });
const floor = await measureFloor(rig);
await rig.startWorker(fileURLToPath(new URL('messages-worker.js', import.meta.url)));
const { ports } = rig.hub;
const untold = new Map<string, { left: number; readonly end: () => void }>();

/** Resolves when an end was told so many times. */
const told = (number: number, left: number): Promise<void> =>
  new Promise((end) => untold.set(`${number}`, { left, end }));
ports.bus.subscribe(NOTICE, (body) => {
  const [number] = Buffer.from(body).toString().split(' ');
  const waiting = untold.get(number!)!;
  if (--waiting.left === 0 && untold.delete(number!)) waiting.end();
});

function send(number: number, kind: 'more' | 'last' | 'alone', bytes: number, msgID: string): void {
  const body = Buffer.alloc(bytes, ' ');
  body.write(`${number} ${kind} `);
  const partition = number % ports.partitions;
  void ports.mailOf(partition).send(ports.subjects.partition(partition).mail(`o.m${number}`), body, msgID);
}

/** Twelve hellos: their mail, and what tells of their ends. */
async function exchange(number: number): Promise<void> {
  const ended = told(number, NOTICES.count);
  for (let i = 1; i <= MAIL.count; i++) send(number, i === MAIL.count ? 'last' : 'more', MAIL.bytes, `${number}.${i}`);
  await ended;
}

async function exchangeOne(number: number): Promise<void> {
  const ended = told(number, 1);
  send(number, 'alone', ALONE.mail, `${number}`);
  await ended;
}

await inFlight(EXCHANGES / 4, WIDTH, exchange);
const before = await rig.usage();
const { milliseconds } = await inFlight(EXCHANGES, WIDTH, (i) => exchange(i + EXCHANGES));
const after = await rig.usage();
const count = EXCHANGES * HELLOS;
const rate = (1_000 * count) / milliseconds;
const each = ({ cpu: now }: ProcessUsage, { cpu: then }: ProcessUsage): number => (now - then) / 1_000 / count;
const workers = each(after.workers[0]!, before.workers[0]!);
const servers = each(after.server, before.server);
const clients = each(after.client, before.client);
const all = workers + servers + clients;
console.log(
  `The messages of ${Math.round(rate)} hellos/s, ${(rate / floor.publishes).toFixed(2)} of ${Math.round(floor.publishes)} raw publishes/s. CPU time ` +
    `for one: ${all.toFixed(3)} ms, as much as ${(all / floor.publishCpu).toFixed(1)} raw publishes (worker ${workers.toFixed(3)}, server ` +
    `${servers.toFixed(3)}, client ${clients.toFixed(3)}).`,
);
await oneByOne(TIMES / 2, (i) => exchangeOne(i + 10 * EXCHANGES)); // until it is warm
const { p50 } = await oneByOne(TIMES, (i) => exchangeOne(i + 20 * EXCHANGES));
console.log(
  `The messages of one hello, one after the other: ${p50.toFixed(2)} ms (p50), as long as ${(p50 / floor.publish.p50).toFixed(1)} raw publishes.`,
);
