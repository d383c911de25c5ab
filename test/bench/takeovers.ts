/**
 * How long it takes to take over a partition with many instances. First when most of them are idle, then when many have changed
 * within the last second, which a new owner has to load as well.
 */
import { connectTaskHub, OrchestrationContext, TaskHubClient, type Orchestration, type TaskHub } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { shareActivities } from '../../lib/engine/shared-activities.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { createHost } from '../../lib/worker/host.js';
import { until } from '../until.js';
import { streamsAt } from './rig.js';

/** What one takeover took, in milliseconds; CPU time of all of the new owner's process. */
export interface Takeover {
  readonly milliseconds: number;
  readonly cpu: number;
}

/** Where a server is. */
interface Place {
  readonly url: string;
  readonly monitorUrl: string;
}

@Entity('tally')
class Tally {
  state = { total: 0 };
  @Operation({ input: Number }) add(by: number): number {
    return (this.state.total += by);
  }
}

class Gate {
  readonly opened: Promise<void>;
  open!: () => void;
  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
  @Activity() pass(): Promise<void> {
    return this.opened;
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
function ownerOf({ ports }: TaskHub, name: string, gate: Gate, live: number): PartitionOwner {
  const host = createHost(name, { entities: [Tally], orchestrators: [Waiter], activities: [gate] });
  return new PartitionOwner(0, ports, host, { activities: shareActivities(host, ports, live) });
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
  const found = (await streamsAt(monitorUrl)).find(({ name }) => name === stream);
  return found?.state.messages ?? 0;
}

async function takeOver(owner: PartitionOwner): Promise<Takeover> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await owner.claim();
  const milliseconds = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { milliseconds, cpu: (user + system) / 1_000 };
}

/**
 * Two takeovers of a hub of one partition: with so many entities that are idle and so many orchestrations that wait for an
 * activity and a timer; and right after `busy` of the entities took a signal.
 */
export async function measureTakeovers(
  server: Place,
  { idle = 100_000, live = 1_000, busy = 10_000 } = {},
): Promise<{ readonly atRest: Takeover; readonly busy: Takeover }> {
  const options = { name: 'takeover', servers: server.url, partitions: 1 };
  const [former, second] = [await connectTaskHub(options), await connectTaskHub(options)];
  const gate = new Gate();
  await ownerOf(former, 'first', gate, live).claim();
  await using hub = await connectTaskHub(options);
  await using client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
  await signal(hub, idle);
  const handles = await Promise.all(Array.from({ length: live }, () => client.startNew(Waiter)));
  // A head for each, and a wake record for each live one; and no log is left but its last record.
  const isAtRest = async () =>
    (await messagesIn(server.monitorUrl, 'PD-takeover-0-state')) >= idle + 2 * live &&
    (await messagesIn(server.monitorUrl, 'PD-takeover-0-log')) === 1;
  await until(isAtRest, 'all heads to be stored', 600);
  await former.close(); // without a word: its owner is gone as if it had been killed

  const atRest = await takeOver(ownerOf(second, 'second', gate, live));
  gate.open();
  const results = await Promise.all(handles.map((handle) => handle.result()));
  if (results.some((result) => result !== 'passed')) throw new Error('A live instance did not go on');

  await signal(hub, busy);
  if ((await client.callEntity<number>('tally', `k${busy - 1}`, 'add', 1)) !== 3) throw new Error('A signal was lost');
  await second.close();
  const third = ownerOf(hub, 'third', gate, live);
  const after = await takeOver(third);
  const totals = await Promise.all([0, idle - 1].map((at) => client.callEntity<number>('tally', `k${at}`, 'add', 1)));
  if (totals[0] !== 3 || totals[1] !== 2) throw new Error(`Entities say ${totals.join(', ')}`);
  await third.stop();
  return { atRest, busy: after };
}
