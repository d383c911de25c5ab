/** What many signals to few entities leave in the streams: `npm run bench:disk`. */
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { holdTo } from './bounds.js';

const SIGNALS = Number(process.argv[2] ?? 1_000_000);
const ENTITIES = 100;
/** So many times the live state may be in log and state; in the mail, so many messages of each partition. */
const MOST = { times: 3, mail: 512 };

@Entity('tally')
class Tally {
  state = { total: 0, text: 'x'.repeat(1_000) };
  @Operation({ input: Number }) add(by: number): number {
    return (this.state.total += by);
  }
}

interface StreamDetail {
  readonly name: string;
  readonly state: { readonly messages: number; readonly bytes: number };
}

const server = await startTestServer();
const hub = await connectTaskHub({ name: 'disk', servers: server.url });
const worker = await TaskHubWorker.start(hub, { entities: [Tally] });
const client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
const { ports } = hub;

const subjects = Array.from({ length: ENTITIES }, (_, i) => {
  const address = entityAddress({ name: 'tally', key: `k${i}` });
  const partition = partitionOf(address, ports.partitions);
  return [partition, ports.subjects.partition(partition).mail(address)] as const;
});
const body = encodeMessage({ kind: 'operation', name: 'add', input: 1 });
let next = 0;
const send = async (): Promise<void> => {
  while (next < SIGNALS) {
    const [partition, subject] = subjects[next++ % ENTITIES]!;
    if ((await ports.mailOf(partition).send(subject, body)) === undefined) throw new Error('A send was lost');
  }
};
await Promise.all(Array.from({ length: 500 }, send));
let total = 0;
for (let i = 0; i < ENTITIES; i++) total += await client.callEntity(Tally, `k${i}`).add(0);
if (total !== SIGNALS) throw new Error(`The entities counted ${total} of ${SIGNALS}`);

async function streams(): Promise<readonly StreamDetail[]> {
  const answer = (await (await fetch(`${server.monitorUrl}/jsz?streams=true`)).json()) as {
    account_details: { stream_detail: StreamDetail[] }[];
  };
  return answer.account_details.flatMap(({ stream_detail }) => stream_detail);
}
const sum = (all: readonly StreamDetail[], kind: string) =>
  all.filter(({ name }) => name.endsWith(kind)).reduce((bytes, { state }) => bytes + state.bytes, 0);
// What is not needed any more is forgotten within a few seconds.
let before = -1;
const isSteady = async (): Promise<boolean> => {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const now = sum(await streams(), '');
  const isSame = now === before;
  before = now;
  return isSame;
};
await until(isSteady, 'the streams to be steady', 120);
const all = await streams();
const live = ENTITIES * JSON.stringify({ total: SIGNALS / ENTITIES, text: 'x'.repeat(1_000) }).length;
const [mail, log, state] = ['-mail', '-log', '-state'].map((kind) => sum(all, kind)) as [number, number, number];
console.log(`${SIGNALS} signals to ${ENTITIES} entities, whose states have ${live} bytes together`);
console.log(
  `mail ${mail} bytes (the margin of 256 messages in each of ${ports.partitions} partitions), log ${log}, state ${state}`,
);
const times = Number(((log + state) / live).toFixed(2));
console.log(`log and state: ${times} times the live state`);
holdTo('log and state, in times the live state', times, MOST.times);
for (const { name, state: kept } of all)
  if (name.endsWith('-mail')) holdTo(`messages in ${name}`, kept.messages, MOST.mail);
await client.close();
await worker.stop();
await hub.close();
await server.stop();
