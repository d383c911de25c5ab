/**
 * What the messages of hellos cost alone: `npm run bench:messages`. Two processes send each other what client and worker send for
 * hellos, with 200 in flight, through the streams of a hub, and do nothing else: what no engine with these messages can go below.
 */
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { measureFloor } from './floor.js';
import { HELLOS, MAIL, NOTICES, noticeOf } from './messages-of-hello.js';
import { Rig, type ProcessUsage } from './rig.js';
import { inFlight } from './workload.js';

const EXCHANGES = 8_000;
const WIDTH = Math.round(200 / HELLOS);

await using rig = await Rig.start({ workers: 0 });
const floor = await measureFloor(rig);
await rig.startWorker(fileURLToPath(new URL('messages-worker.js', import.meta.url)));
const connection = await connect({ servers: rig.server.url });
const stream = connection.jetstream();
const { partitions, subjects } = rig.hub.ports;
const untold = new Map<string, { left: number; readonly end: () => void }>();
connection.subscribe(noticeOf('*'), {
  callback: (_, { subject }) => {
    const waiting = untold.get(subject)!;
    if (--waiting.left === 0 && untold.delete(subject)) waiting.end();
  },
});
await connection.flush();

/** Twelve hellos: their mail, and what tells of their ends. */
async function exchange(number: number): Promise<void> {
  const ended = new Promise<void>((end) => untold.set(noticeOf(`${number}`), { left: NOTICES.count, end }));
  const subject = subjects.partition(number % partitions).mail(`o.m${number}`);
  for (let i = 1; i <= MAIL.count; i++) {
    const body = Buffer.alloc(MAIL.bytes, ' ');
    body.write(`${number} ${i === MAIL.count ? 'last' : 'more'} `);
    void stream.publish(subject, body, { msgID: `${number}.${i}` });
  }
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
await connection.close();
