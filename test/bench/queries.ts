/** What it takes to find instances among many: `npm run bench:queries [instances] [rounds]`. Ends with an error when a first page takes too long. */
import { readFileSync } from 'node:fs';
import { connectTaskHub, OrchestrationContext, TaskHubClient, TaskHubWorker, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { HeadChanges } from '../../lib/engine/head-changes.js';
import { NotePageMaker } from '../../lib/engine/note-page-maker.js';
import { orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import type { OrchestrationHead } from '../../lib/wire/head.js';
import { noteOf } from '../../lib/wire/head-summary.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';

const INSTANCES = Number(process.argv[2] ?? 100_000);
const ROUNDS = Number(process.argv[3] ?? 5);
/** Views written at the same time. */
const WIDTH = 500;
/** No first page takes longer, in milliseconds, at the median. */
const LONGEST = 500;

class Greetings {
  @Activity({ input: String }) hello(city: string): string {
    return `Hello, ${city}!`;
  }
}

@Orchestrator('hello')
class Hello {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    const greetings: string[] = [];
    for (const city of ['Tokyo', 'Seattle', 'London']) greetings.push(yield* ctx.callActivity(Greetings).hello(city));
    return greetings;
  }
}

const server = await startTestServer();
const hub = await connectTaskHub({ name: 'queries', servers: server.url });
const client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
const { ports } = hub;
const viewAt = (instanceId: string) => {
  const address = orchestrationAddress(instanceId);
  const partition = partitionOf(address, ports.partitions);
  return { views: ports.viewsOf(partition), subject: ports.subjects.partition(partition).head(address) };
};

/** The head that a worker writes of a hello. */
async function model(): Promise<OrchestrationHead> {
  const worker = await TaskHubWorker.start(hub, { orchestrators: [Hello], activities: [new Greetings()] });
  const handle = await client.startNew(Hello, undefined, { instanceId: 'model', tags: { customer: 'none' } });
  await handle.result();
  const { views, subject } = viewAt('model');
  const isWritten = async () => (await client.countInstances({ runtimeStatus: 'Completed' })).total === 1;
  await until(isWritten, 'the head of the model');
  await worker.stop();
  const head = decodeHead((await views.read(subject))!.body, subject);
  if (head.type !== 'orchestration') throw new Error('The model has no head');
  return head;
}

/** As a worker would have written them: one in 1,000 has failed, and a customer has 20. */
async function fill(head: OrchestrationHead): Promise<number> {
  let [next, bytes] = [0, 0];
  const write = async (): Promise<void> => {
    while (next < INSTANCES) {
      const n = next++;
      const instanceId = `order-${n.toString(36)}-${'abcdefghij'.charAt(n % 10)}bcdefghij`;
      const one: OrchestrationHead = {
        ...head,
        instanceId,
        status: n % 1_000 === 7 ? 'Failed' : 'Completed',
        tags: { customer: `c${n % (INSTANCES / 20)}` },
      };
      const { views, subject } = viewAt(instanceId);
      const body = encodeHead(one);
      bytes += body.length;
      if ((await views.write(subject, body, 0, noteOf(one))) === undefined) throw new Error(`${subject} is not stored`);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, write));
  return bytes / INSTANCES;
}

/** CPU time of the server so far, in milliseconds. */
function serverCpu(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** The median of how long it took, in milliseconds. */
async function measure(what: string, run: () => Promise<number>, rounds = ROUNDS): Promise<number> {
  const took: number[] = [];
  let found = 0;
  const [client0, server0] = [process.cpuUsage(), serverCpu()];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    found = await run();
    took.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(client0);
  const [first, ...rest] = took.map(Math.round);
  const each = (milliseconds: number): number => Math.round(milliseconds / rounds);
  console.log(
    `${what}: ${found} found; first ${first} ms, then ${rest.toSorted((a, b) => a - b).join(', ')} ms; ` +
      `CPU each: client ${each((user + system) / 1_000)} ms, server ${each(serverCpu() - server0)} ms`,
  );
  return took.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

/** Every head read as a whole, as it was before there were notes. */
async function wholeScan(): Promise<number> {
  let failed = 0;
  for (let partition = 0; partition < ports.partitions; partition++)
    for await (const { body, subject } of ports.viewsOf(partition).scan(ports.subjects.partition(partition).heads)) {
      const head = decodeHead(body, subject);
      if (head.type === 'orchestration' && head.status === 'Failed') failed++;
    }
  return failed;
}

/** As the partitions' owners make them. */
async function makePages(): Promise<number> {
  let entries = 0;
  for (let partition = 0; partition < ports.partitions; partition++) {
    const changes = new HeadChanges();
    await new NotePageMaker(ports.partition(partition), 1, changes).make();
    entries += INSTANCES / ports.partitions - changes.behind;
  }
  return entries;
}

const count = async (filter: Parameters<typeof client.countInstances>[0]): Promise<number> =>
  (await client.countInstances(filter)).total;

const bytes = await fill(await model());
console.log(`${INSTANCES} instances, ${Math.round(bytes)} bytes each`);
const late: string[] = [];
const firstPage = async (what: string, filter: Parameters<typeof client.listInstances>[0]): Promise<void> => {
  const median = await measure(what, async () => (await client.listInstances(filter)).instances.length);
  if (median > LONGEST) late.push(`${what}: ${Math.round(median)} ms`);
};
await measure('nothing fits, without pages of notes', () => count({ orchestrator: 'nobody' }), 1);
await measure('pages of notes made', makePages, 1);
await firstPage('first page of all', {});
await firstPage('first page of the failed, one in 1,000', { runtimeStatus: 'Failed' });
await firstPage('all 20 of a tag', { tags: { customer: 'c77' } });
await firstPage('all of a prefix', { instanceIdPrefix: 'order-zz' });
await firstPage('nothing fits', { orchestrator: 'nobody' });
await measure('1,000 ids', async () => (await client.listInstanceIds({}, { pageSize: 1_000 })).instanceIds.length);
await measure('count', () => count({}));
await measure('count of the failed', () => count({ runtimeStatus: 'Failed' }));
await measure('all one after another', async () => {
  let count = 0;
  for await (const { instanceId } of client.allInstances()) if (instanceId !== '') count++;
  return count;
});
await measure('the failed by reading all heads', wholeScan);
await client.close();
await hub.close();
await server.stop();
if (late.length > 0) throw new Error(`Longer than ${LONGEST} ms: ${late.join('; ')}`);
