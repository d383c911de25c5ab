import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import test from 'ava';
import { activationOf } from '../../lib/engine/loading.js';
import type { TailEntry } from '../../lib/engine/recovery.js';
import { Segments } from '../../lib/engine/segments.js';
import { CorruptHistoryError, OwnershipLostError } from '../../lib/errors.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type { Message } from '../../lib/wire/messages.js';
import type { StepEntry } from '../../lib/wire/record.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

/** What activities wait for, in the process that is up now. */
let gate: Promise<void> = Promise.resolve();

class Work {
  @Activity({ input: String }) async go(id: string): Promise<string> {
    if (id === 'second') await gate;
    return id;
  }
}

/** Two activities, the first when it is told so. */
@Orchestrator('pair')
class Pair {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<void> {
    yield* context.waitForExternalEvent('Go');
    yield* context.callActivity(Work).go('first');
    yield* context.callActivity(Work).go('second');
  }
}

@Entity('list')
class List {
  state = { items: [] as string[] };
  @Operation({ input: String }) add(item: string): void {
    this.state.items.push(item);
  }
}

const host = hostOf({ entities: [List], orchestrators: [Pair], activities: [new Work()] });

test.serial('P11: an owner that was replaced takes a head that its successor has removed for no damage', async (t) => {
  let isFrozen = false;
  const world = new MemoryWorld({
    faults: {
      next: ({ connection, port, operation }) =>
        isFrozen && connection === 'frozen' && port === 'views' && operation === 'read' ? { delay: 1_200 } : 'none',
    },
  });
  const hub = world.createHub('test', 1);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const lines: string[] = [];
  const worker = (name: string): MemoryWorker => new MemoryWorker(hub, name, host, {}, recordingLogger(lines));
  const tell = (fields: object): Promise<void> => settle(client.send(orchestrationAddress('x'), fields as Message));
  gate = new Promise(() => {});
  const first = worker('first');
  await settle(first.claim());
  await tell({ kind: 'start', name: 'pair' });
  await world.scheduler.advance(5_000); // its head is stored, and the log before it forgotten
  await tell({ kind: 'event', name: 'Go' });
  await world.scheduler.advance(20); // what follows is in the log alone
  first.connection.kill();
  const frozen = worker('frozen');
  const claimed = frozen.claim();
  await world.scheduler.advance(8);
  isFrozen = true; // the head of the instance is still to be read
  gate = Promise.resolve();
  await settle(worker('second').claim());
  await world.scheduler.advance(200);
  await tell({ kind: 'control', action: 'purge' });
  await world.scheduler.advance(500);
  t.is(await settle(client.orchestrationHead('x')), undefined);
  await world.scheduler.advance(10_000);
  await settle(claimed);
  t.true((await settle(frozen.owners[0]!.ended)) instanceof OwnershipLostError);
  t.true(lines.length > 0);
  for (const line of lines) t.regex(line, /new owner/);
});

const { client } = surroundings(1);
const makings = {
  host,
  ports: { ...client.ports.partition(0), logger: client.ports.logger },
  segments: new Segments(client.ports.partition(0), 1),
  beside: () => {},
};

/** The steps of an instance that a log holds from a record on. */
const tailOf = (to: string, steps: readonly Omit<StepEntry, 'to'>[]): readonly TailEntry[] =>
  steps.map((step, index) => ({ first: index + 9, sequence: index + 9, at: 1_000, entry: { to, ...step } }));

test('P13: the changes of an entity that was deleted since, and has no head any more, are of no interest', async (t) => {
  const behind = tailOf('e.list.a', [
    { patches: [{ op: 'add', path: ['items', 40], value: 'x' }] },
    { deleted: true, purged: true },
    { state: { items: ['new'] } },
  ]);
  const activation = await activationOf('e.list.a', undefined, behind, makings);
  const head = activation.capture()!.head({ epoch: 1, logSeq: 11, commit: 'c' });
  t.like(head, { type: 'entity', state: { items: ['new'] } });
  const only = await activationOf('e.list.a', undefined, behind.slice(0, 2), makings);
  t.is(only.capture()!.head({ epoch: 1, logSeq: 10, commit: 'c' }).type, 'tombstone');
});

test('an instance that the log continues, and of which no beginning is stored, is damaged', async (t) => {
  const change = tailOf('e.list.a', [{ patches: [{ op: 'add', path: ['items', 40], value: 'x' }] }]);
  await t.throwsAsync(activationOf('e.list.a', undefined, change, makings), { instanceOf: CorruptHistoryError });
  const scheduled = { type: 'TaskScheduled', id: 1, name: 'work.go', input: 'second' } as const;
  const address = orchestrationAddress('x');
  const continued = tailOf(address, [{ events: [{ type: 'TaskCompleted', at: 1, id: 0 }, scheduled] }]);
  await t.throwsAsync(activationOf(address, undefined, continued, makings), {
    instanceOf: CorruptHistoryError,
    message: /The log continues o\.x, and there is no head that it could follow/,
  });
  const purged = [...continued, ...tailOf(address, [{ purged: true }])];
  const activation = await activationOf(address, undefined, purged, makings);
  t.is(activation.capture()!.head({ epoch: 1, logSeq: 10, commit: 'c' }).type, 'tombstone');
});
