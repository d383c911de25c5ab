/** How long it takes to take over a partition with many instances, most of them idle: `npm run bench:takeover`. */
import { connectTaskHub, OrchestrationContext, TaskHubClient, type Orchestration, type TaskHub } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { createHost } from '../../lib/worker/host.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { holdTo } from './bounds.js';

const IDLE = Number(process.argv[2] ?? 100_000);
const LIVE = Number(process.argv[3] ?? 1_000);
/** The most CPU time that the new owner may need, in milliseconds. */
const MOST_WORK = 1_000;

@Entity('tally')
class Tally {
  state = { total: 0 };
  @Operation({ input: Number }) add(by: number): number {
    return (this.state.total += by);
  }
}

let open!: () => void;
const opened = new Promise<void>((resolve) => (open = resolve));
class Gate {
  @Activity() pass(): Promise<void> {
    return opened;
  }
}

/** Waits for an activity and a timer: a new owner has to load it and to do the activity again. */
@Orchestrator('waiter')
class Waiter {
  @Run() *run(_: void, context: OrchestrationContext): Orchestration<string> {
    const timer = context.createTimer(3_600_000);
    const passed = context.callActivity(Gate).pass();
    return (yield* context.any([passed, timer])) === timer ? 'late' : 'passed';
  }
}

const host = (name: string) =>
  createHost(name, { entities: [Tally], orchestrators: [Waiter], activities: [new Gate()] });

/** Signals without a session, several hundred at a time. */
async function fill({ ports }: TaskHub): Promise<void> {
  const body = encodeMessage({ kind: 'operation', name: 'add', input: 1 });
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < IDLE) {
      const subject = ports.subjects.partition(0).mail(entityAddress({ name: 'tally', key: `k${next++}` }));
      if ((await ports.mailOf(0).send(subject, body)) === undefined) throw new Error('A send was lost');
    }
  };
  await Promise.all(Array.from({ length: 500 }, send));
}

async function messagesIn(monitorUrl: string, stream: string): Promise<number> {
  const answer = (await (await fetch(`${monitorUrl}/jsz?streams=true`)).json()) as {
    account_details: { stream_detail: { name: string; state: { messages: number } }[] }[];
  };
  const found = answer.account_details.flatMap((account) => account.stream_detail).find(({ name }) => name === stream);
  return found?.state.messages ?? 0;
}

const server = await startTestServer();
const options = { name: 'takeover', servers: server.url, partitions: 1 };
const former = await connectTaskHub(options);
const first = new PartitionOwner(0, former.ports, host('first'));
await first.claim();
await using hub = await connectTaskHub(options);
await using client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
await fill(hub);
const handles = await Promise.all(Array.from({ length: LIVE }, () => client.startNew(Waiter)));
// A head for each, and a wake record for each live one.
const stored = async () => (await messagesIn(server.monitorUrl, 'PD-takeover-0-state')) >= IDLE + 2 * LIVE;
await until(stored, 'all heads to be stored', 600);
await former.close(); // without a word: its owner is gone as if it had been killed

const cpu = process.cpuUsage();
const begun = performance.now();
const second = new PartitionOwner(0, hub.ports, host('second'));
await second.claim();
const took = performance.now() - begun;
const { user, system } = process.cpuUsage(cpu);
const work = Math.round((user + system) / 1_000);
console.log(
  `Takeover of ${IDLE} idle and ${LIVE} live instances: ${Math.round(took)} ms, ` +
    `${work} ms of CPU time of the new owner's process`,
);
holdTo('CPU time of the takeover, in ms', work, MOST_WORK);
open();
const results = await Promise.all(handles.map((handle) => handle.result()));
if (results.some((result) => result !== 'passed')) throw new Error('A live instance did not go on');
const total = await client.callEntity<number>('tally', `k${IDLE - 1}`, 'add', 1);
if (total !== 2) throw new Error(`An idle entity says ${total}`);
console.log(`All ${LIVE} live instances went on, and idle ones answer`);
await second.stop();
await client.close();
await hub.close();
await server.stop();
