/**
 * How long it takes to take over a partition with many instances: `npm run bench:takeover`. First when most of them are
 * idle, then when many have changed within the last second, which a new owner has to load as well.
 */
import { connectTaskHub, OrchestrationContext, TaskHubClient, type Orchestration, type TaskHub } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { shareActivities } from '../../lib/engine/shared-activities.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { createHost } from '../../lib/worker/host.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { holdTo } from './bounds.js';

const IDLE = Number(process.argv[2] ?? 100_000);
const LIVE = Number(process.argv[3] ?? 1_000);
/** Entities that take a signal right before the second takeover. */
const BUSY = Math.min(10_000, Math.floor(IDLE / 2));
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

/** An owner whose activities all run at once: no other worker would take any. */
function ownerOf({ ports }: TaskHub, name: string): PartitionOwner {
  const host = createHost(name, { entities: [Tally], orchestrators: [Waiter], activities: [new Gate()] });
  return new PartitionOwner(0, ports, host, { activities: shareActivities(host, ports, LIVE) });
}

/** Signals without a session to the first entities, several hundred at a time. */
async function signal({ ports }: TaskHub, count: number): Promise<void> {
  const body = encodeMessage({ kind: 'operation', name: 'add', input: 1 });
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < count) {
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

/** Takes the partition over; returns the CPU time in milliseconds. */
async function takeOver(owner: PartitionOwner, what: string): Promise<number> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await owner.claim();
  const took = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  const work = Math.round((user + system) / 1_000);
  console.log(`Takeover of ${what}: ${Math.round(took)} ms, ${work} ms of CPU time of the new owner's process`);
  return work;
}

const server = await startTestServer();
const options = { name: 'takeover', servers: server.url, partitions: 1 };
const [former, second] = [await connectTaskHub(options), await connectTaskHub(options)];
await ownerOf(former, 'first').claim();
await using hub = await connectTaskHub(options);
await using client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
await signal(hub, IDLE);
const handles = await Promise.all(Array.from({ length: LIVE }, () => client.startNew(Waiter)));
// A head for each, and a wake record for each live one; and no log is left but its last record.
const isAtRest = async () =>
  (await messagesIn(server.monitorUrl, 'PD-takeover-0-state')) >= IDLE + 2 * LIVE &&
  (await messagesIn(server.monitorUrl, 'PD-takeover-0-log')) === 1;
await until(isAtRest, 'all heads to be stored', 600);
await former.close(); // without a word: its owner is gone as if it had been killed

const work = await takeOver(ownerOf(second, 'second'), `${IDLE} idle and ${LIVE} live instances`);
holdTo('CPU time of the takeover, in ms', work, MOST_WORK);
open();
const results = await Promise.all(handles.map((handle) => handle.result()));
if (results.some((result) => result !== 'passed')) throw new Error('A live instance did not go on');
console.log(`All ${LIVE} live instances went on`);

await signal(hub, BUSY);
if ((await client.callEntity<number>('tally', `k${BUSY - 1}`, 'add', 1)) !== 3) throw new Error('A signal was lost');
await second.close();
const third = ownerOf(hub, 'third');
await takeOver(third, `${IDLE} entities, right after ${BUSY} of them took a signal`);
const totals = await Promise.all([0, IDLE - 1].map((at) => client.callEntity<number>('tally', `k${at}`, 'add', 1)));
if (totals[0] !== 3 || totals[1] !== 2) throw new Error(`Entities say ${totals.join(', ')}`);
console.log('All that was signalled has arrived once');
await third.stop();
await client.close();
await hub.close();
await server.stop();
