import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { takeOver } from '../../lib/engine/recovery.js';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { noFaults } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger } from './surroundings.js';

class Squares {
  readonly runs = new Map<number, number>();
  @Activity({ input: Number }) square(n: number): number {
    this.runs.set(n, (this.runs.get(n) ?? 0) + 1);
    return n * n;
  }
}

@Entity('wheel')
class Wheel {
  state = { texts: 0, inOrder: true };
  @Operation({ input: String }) put(text: string): void {
    this.state.inOrder &&= text.startsWith(`${this.state.texts++} `);
  }
}

/** The first of its turns asks for more than a message holds, of activities and of another partition's entity. */
@Orchestrator('wide')
class Wide {
  @Run({ input: Number }) *run(count: number, context: OrchestrationContext): Orchestration<number> {
    const squares = Array.from({ length: count }, (_, n) => context.callActivity(Squares).square(n));
    for (let n = 0; n < count; n++) context.signalEntity(Wheel, elsewhere).put(`${n} ${'w'.repeat(200)}`);
    return (yield* context.all(squares)).reduce((sum, square) => sum + square, 0);
  }
}

const partitions = 2;
const count = 3_000;
const sum = Array.from({ length: count }, (_, n) => n * n).reduce((all, square) => all + square, 0);
/** The instance is in partition 0, the entity in partition 1. */
const instanceId = idIn(0, (id) => `o.${id}`);
const elsewhere = idIn(1, (key) => entityAddress({ name: 'wheel', key }));

function idIn(partition: number, addressOf: (id: string) => string): string {
  for (let i = 0; ; i++) if (partitionOf(addressOf(`i${i}`), partitions) === partition) return `i${i}`;
}

/** Kills a worker at its nth write of a kind, before the call arrives or after it was carried out. */
class KillAtWrite implements FaultPlan {
  calls = 0;
  onKill: (() => void) | undefined;
  constructor(
    readonly port: PortCall['port'],
    readonly operation: string,
    readonly n: number,
    readonly fault: 'requestLost' | 'responseLost',
  ) {}
  next({ connection, port, operation }: PortCall): Fault {
    if (connection !== 'w1' || port !== this.port || operation !== this.operation || ++this.calls !== this.n)
      return 'none';
    this.onKill?.();
    return this.fault;
  }
}

async function run(faults: FaultPlan & { onKill?: (() => void) | undefined }) {
  const world = new MemoryWorld({ faults });
  const { scheduler } = world;
  const hub = world.createHub('test', partitions);
  const lines: string[] = [];
  const squares = new Squares();
  const host = () => hostOf({ entities: [Wheel], orchestrators: [Wide], activities: [squares] });
  const first = new MemoryWorker(hub, 'w1', host(), {}, recordingLogger(lines));
  faults.onKill = () => first.connection.kill();
  const client = new MemoryClient(hub, 'client');
  await scheduler.settle(first.claim());
  await scheduler.settle(client.start('wide', instanceId, count));
  await scheduler.advance(3_000);
  const records = [...hub.streams(0).log.all()].map(({ body }) => decodeRecord(body, 'A record'));
  if (faults !== (noFaults as FaultPlan)) {
    const second = new MemoryWorker(hub, 'w2', host(), {}, recordingLogger(lines));
    await scheduler.settle(second.claim());
    await scheduler.advance(10_000);
  }
  const head = await scheduler.settle(client.orchestrationHead(instanceId));
  const wheel = await scheduler.settle(client.entityHead('wheel', elsewhere));
  return { output: head?.output, wheel: wheel?.state, squares, records, lines };
}

test('P7: a step larger than a message spans part records, and its output several envelopes', async (t) => {
  const plan = new KillAtWrite('log', 'append', Infinity, 'requestLost');
  const { output, wheel, squares, lines } = await run(plan);
  t.is(output, sum);
  t.deepEqual(wheel, { texts: count, inOrder: true });
  t.is(squares.runs.size, count);
  t.deepEqual(lines, []);
});

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`P7: a worker that dies at any record of a large step leaves it whole or undone: ${fault}`, async (t) => {
    const seen = new Set<string>(); // the first two appends are the takeovers
    for (let n = 3; n <= 11; n++) {
      const { output, wheel, squares, records, lines } = await run(new KillAtWrite('log', 'append', n, fault));
      t.is(output, sum, `append ${n}`);
      t.deepEqual(wheel, { texts: count, inOrder: true }, `append ${n}`);
      t.is(squares.runs.size, count);
      t.deepEqual(lines, [], `append ${n}`);
      const last = records.at(-1)!;
      if (last.type === 'part') seen.add(last.part[0] < last.part[1] ? 'incomplete' : 'whole');
    }
    t.true(seen.has('incomplete'), 'no worker died between two parts');
  });

test('P7: a worker that dies at any envelope of a large output leaves each message received once, in order', async (t) => {
  for (let n = 1; n <= 4; n++)
    for (const fault of ['requestLost', 'responseLost'] as const) {
      const { output, wheel, lines } = await run(new KillAtWrite('mailbox', 'send', n, fault));
      t.is(output, sum);
      t.deepEqual(wheel, { texts: count, inOrder: true }, `send ${n} (${fault})`);
      t.deepEqual(lines, []);
    }
});

test('P7: parts without their last one have no effect, and the next owner says nothing of them', async (t) => {
  const plan = new KillAtWrite('log', 'append', 4, 'responseLost');
  const world = new MemoryWorld({ faults: plan });
  const hub = world.createHub('test', partitions);
  const worker = new MemoryWorker(hub, 'w1', hostOf({ orchestrators: [Wide], entities: [Wheel], activities: [] }));
  plan.onKill = () => worker.connection.kill();
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  await scheduler.settle(worker.claim());
  await scheduler.settle(client.start('wide', instanceId, count));
  await scheduler.advance(1_000);
  const last = decodeRecord([...hub.streams(0).log.all()].at(-1)!.body, 'The last record');
  t.is(last.type, 'part');
  const { tables, tail } = await scheduler.settle(takeOver(hub.connect('w2').ports(0, recordingLogger()), 'w2'));
  t.is(tail.size, 0);
  t.is(tables.accepted, 0);
  t.is(tables.cursor, 0);
});
