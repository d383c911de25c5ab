import test, { type ExecutionContext } from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { diagnose, isHealthy } from '../../lib/engine/diagnosis.js';
import { acceptLoss } from '../../lib/engine/loss-acceptance.js';
import type { FoundLosses } from '../../lib/engine/diagnosis.js';
import { readPartition } from '../../lib/engine/partition-reading.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import type { ResetRecord } from '../../lib/wire/record.js';
import { Counter } from './bank.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger, surroundings, text } from './surroundings.js';

const key = (partition: number): string => nameIn(partition, (name) => entityAddress({ name: 'counter', key: name }));
const id = (partition: number, which = 0): string => nameIn(partition, orchestrationAddress, which);

/** A name whose address is in a partition of two. */
function nameIn(partition: number, addressOf: (name: string) => string, which = 0): string {
  for (let [i, found] = [0, 0]; ; i++)
    if (partitionOf(addressOf(`n${i}`), 2) === partition && found++ === which) return `n${i}`;
}

/** Calls a counter of the other partition, and tells what came of it. */
@Orchestrator('caller')
class Caller {
  @Run() *run(to: string, context: OrchestrationContext): Orchestration<string> {
    try {
      return `called: ${yield* context.callEntity(Counter, to).add(`from ${context.instanceId}`)}`;
    } catch (error) {
      return `failed: ${(error as Error & { code?: string }).code ?? String(error)} ${(error as Error).message}`;
    }
  }
}

/** Waits for a word that nobody says. */
@Orchestrator('waiter')
class Waiter {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    context.signalEntity(Counter, key(1)).add(`once from ${context.instanceId}`);
    return yield* context.waitForExternalEvent<string>('word');
  }
}

const host = () => hostOf({ entities: [Counter], orchestrators: [Caller, Waiter] }, 'operator');

/** Two partitions that have done something of everything, and whose worker has died. */
async function worked(seed = 1) {
  const around = surroundings(2, seed);
  const { hub, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w1', host());
  await settle(worker.claim());
  for (const partition of [0, 1]) await settle(client.signal('counter', key(partition), 'add', 'first'));
  await settle(client.start('waiter', id(0)));
  await settle(client.start('caller', id(0, 1), key(1)));
  await advance(3_000);
  for (const partition of [0, 1]) await settle(client.signal('counter', key(partition), 'add', 'second'));
  await advance(2_500);
  const doctor = memoryHubPorts(hub.connect('doctor'), recordingLogger());
  const seen = async (partition: number): Promise<unknown> =>
    ((await settle(client.entityHead('counter', key(partition))))?.state as { seen: string[] } | undefined)?.seen;
  return { ...around, worker, doctor, seen };
}

type Worked = Awaited<ReturnType<typeof worked>>;

/** A new owner refuses the partitions, and the diagnosis names what is lost. */
async function refused(t: ExecutionContext, { hub, doctor, settle }: Worked, partition: number, found?: FoundLosses) {
  const claimed = settle(new MemoryWorker(hub, 'w2', host()).owners[partition]!.claim());
  const error = await t.throwsAsync(claimed);
  t.regex((error as Error & { code: string }).code, /STORAGE_REGRESSED|CORRUPT_HISTORY/);
  const before = [0, 1].flatMap((p) => Object.values(hub.streams(p)).map(({ last }) => last));
  const [found0, found1] = await settle(diagnose(doctor, [0, 1], found));
  const [damaged, other] = partition === 0 ? [found0!, found1!] : [found1!, found0!];
  t.false(isHealthy(damaged));
  t.true(isHealthy(other), JSON.stringify(other));
  const after = [0, 1].flatMap((p) => Object.values(hub.streams(p)).map(({ last }) => last));
  t.deepEqual(after, before, 'a diagnosis writes nothing');
  return damaged;
}

/** The loss is accepted, and the hub goes on: new calls in both directions, once each. */
async function goesOn(
  t: ExecutionContext,
  around: Worked,
  partition: number,
  found?: FoundLosses,
): Promise<ResetRecord> {
  const { hub, doctor, settle, advance } = around;
  const reset = await settle(acceptLoss(doctor, partition, host(), found));
  const { log } = hub.streams(partition);
  const last = log.get(log.last)!;
  t.deepEqual(JSON.parse(text.decode(last.body)), JSON.parse(JSON.stringify(decodeRecord(last.body, 'last'))));
  t.is((decodeRecord(last.body, 'last') as ResetRecord).commit, reset.commit, 'one record, the last one');
  const worker = new MemoryWorker(hub, 'w3', host());
  await settle(worker.claim());
  const client = new MemoryClient(hub, 'client2');
  for (const to of [0, 1]) await settle(client.signal('counter', key(to), 'add', 'new'));
  const from = [id(0, 7), id(1, 7)];
  await settle(client.start('caller', from[0]!, key(1)));
  await settle(client.start('caller', from[1]!, key(0)));
  await advance(20_000);
  for (const instance of from)
    t.regex((await settle(client.orchestrationHead(instance)))?.output as string, /^called: \d+$/, instance);
  for (const p of [0, 1]) {
    const seen = (await around.seen(p)) as string[];
    t.is(seen.filter((each) => each === 'new').length, 1, `${seen.join(', ')}`);
    t.is(new Set(seen).size, seen.length, `nothing is done twice: ${seen.join(', ')}`);
  }
  const healthy = await settle(diagnose(doctor, [0, 1]));
  t.true(healthy.every(isHealthy), JSON.stringify(healthy, undefined, 1));
  await settle(worker.stop());
  await settle(new MemoryWorker(hub, 'w4', host()).claim());
  return reset;
}

const lost = (partition: number, kind: 'log' | 'mail' | 'state', goesBack = false): FoundLosses =>
  new Map([
    [
      partition,
      [{ stream: `PD-test-${partition}-${kind}`, kind, text: 'It is another one.', ...(goesBack && { goesBack }) }],
    ],
  ]);

test('P12: a log that lost its end is diagnosed, refused, and accepted', async (t) => {
  const around = await worked();
  around.worker.connection.kill();
  const { log } = around.hub.streams(0);
  const end = log.last;
  log.rewind(end - 3);
  const { losses } = await refused(t, around, 0);
  t.like(losses[0], { stream: 'PD-test-0-log', kind: 'log', to: end });
  const reset = await goesOn(t, around, 0);
  t.deepEqual(reset.gaveUp.failed, [orchestrationAddress(id(0))]);
  t.is(log.get(log.last)!.sequence > end + 1_000_000, true);
  const head = await around.settle(around.client.orchestrationHead(id(0)));
  t.is(head?.status, 'Failed');
  t.is(head?.failure?.code, 'PERDURE_LOSS_ACCEPTED');
  t.deepEqual(await around.seen(0), ['first', 'second', 'new', `from ${id(1, 7)}`]);
});

test('P12: a log that was deleted and created again is accepted', async (t) => {
  const around = await worked();
  around.worker.connection.kill();
  around.hub.streams(0).log.rewind(0);
  await refused(t, around, 0, lost(0, 'log'));
  const reset = await goesOn(t, around, 0, lost(0, 'log'));
  t.deepEqual(reset.gaveUp.failed, [orchestrationAddress(id(0))]);
});

test('P12: a partition that lost all of its streams begins anew, and the others go on with it', async (t) => {
  for (const partition of [0, 1]) {
    const around = await worked();
    around.worker.connection.kill();
    for (const stream of Object.values(around.hub.streams(partition))) {
      stream.rewind(0);
    }
    const found: FoundLosses = new Map([
      [
        partition,
        ['log', 'mail', 'state'].flatMap((kind) => [...lost(partition, kind as 'log', true).values()].flat()),
      ],
    ]);
    await around.settle(acceptLoss(around.doctor, partition, host(), found));
    t.is(await around.seen(partition), undefined);
    await goesOn(t, around, partition, found);
  }
});

test('P12: a checkpoint that somebody removed, or damaged, is accepted', async (t) => {
  for (const damage of ['removed', 'damaged']) {
    const around = await worked();
    around.worker.connection.kill();
    const { state } = around.hub.streams(0);
    const { checkpoint } = around.hub.subjects.partition(0);
    const { sequence } = state.latest(checkpoint)!;
    if (damage === 'removed') state.remove(sequence);
    else state.store(checkpoint, new TextEncoder().encode('{"v":1}'), around.world.time);
    const { losses } = await refused(t, around, 0);
    t.like(losses[0], { stream: 'PD-test-0-state', kind: 'state' });
    await goesOn(t, around, 0);
    t.deepEqual(await around.seen(0), ['first', 'second', 'new', `from ${id(1, 7)}`]);
  }
});

test('P12: mail that lost its end is accepted: instances go on, and what comes next is carried out', async (t) => {
  const around = await worked();
  around.worker.connection.kill();
  const { mail } = around.hub.streams(0);
  mail.rewind(mail.last - 2);
  const { losses } = await refused(t, around, 0);
  t.like(losses[0], { stream: 'PD-test-0-mail', kind: 'mail', to: mail.last + 2 });
  const reset = await goesOn(t, around, 0);
  t.deepEqual(reset.gaveUp.failed, []);
  t.is((await around.settle(around.client.orchestrationHead(id(0))))?.status, 'Running');
});

test('P12, P13: a former owner that wakes stores nothing over what is kept', async (t) => {
  const around = await worked();
  const { hub, client, settle, advance, worker, doctor } = around;
  await settle(client.signal('counter', key(0), 'add', 'lost'));
  await advance(40); // its record is stored, its head is not
  worker.connection.process.freeze();
  const { log } = hub.streams(0);
  log.rewind(log.last - 3);
  await settle(acceptLoss(doctor, 0, host()));
  await settle(new MemoryWorker(hub, 'w2', host()).claim());
  worker.connection.process.wake();
  await advance(5_000);
  const next = new MemoryWorker(hub, 'w3', host());
  await settle(next.claim());
  await settle(new MemoryClient(hub, 'client2').signal('counter', key(0), 'add', 'new'));
  await advance(5_000);
  t.deepEqual(await around.seen(0), ['first', 'second', 'new']);
});

test('P4, P12: a page of parked messages that is gone is found, and given up', async (t) => {
  const around = await worked();
  const { hub, settle, advance, client } = around;
  // Nobody has the class of this entity: what is for it waits, and is parked.
  for (const name of ['a', 'b'])
    await settle(
      client.signal(
        'stranger',
        nameIn(0, (k) => entityAddress({ name: 'stranger', key: k })),
        name,
      ),
    );
  await advance(4_000);
  around.worker.connection.kill();
  const { state } = hub.streams(0);
  const page = [...state.all()].find(({ subject }) => subject.startsWith('pd.test.0.k.'));
  t.truthy(page);
  state.remove(page!.sequence);
  const [found] = await settle(diagnose(around.doctor, [0]));
  t.like(found?.losses, [{ kind: 'state' }]);
  const reset = await goesOn(t, around, 0);
  t.is(reset.gaveUp.inputs, 2);
});

test('P12: partitions at work are found whole, whenever one looks', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  await settle(new MemoryWorker(hub, 'w1', host()).claim());
  const doctor = memoryHubPorts(hub.connect('doctor'), recordingLogger());
  for (let round = 0; round < 12; round++) {
    for (let sent = 0; sent < 10; sent++)
      for (const partition of [0, 1]) {
        void client.signal('counter', key(partition), 'forward', `${key(1 - partition)}x${sent}`);
        void client.start('caller', `${round}-${sent}-${partition}`, key(1 - partition));
      }
    const found = await settle(diagnose(doctor, [0, 1]));
    t.true(found.every(isHealthy), JSON.stringify(found));
    await advance(round * 7);
  }
});

test('P12: a partition whose owner stores a checkpoint and forgets the log while it is read is found whole', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const worker = new MemoryWorker(hub, 'w', host());
  await settle(worker.claim());
  const signal = (number: number) => client.signal('counter', key(0), 'add', `${number}`);
  await settle(signal(0));
  await advance(5_000);
  const ports = memoryHubPorts(hub.connect('reader'), recordingLogger()).partition(0);
  const read = ports.log.read.bind(ports.log);
  let isAtWork = true;
  ports.log.read = async function* (from, to) {
    if (isAtWork) {
      isAtWork = false;
      for (let number = 1; number < 30; number++) await signal(number);
      await new Promise<void>((resolve) => void ports.clock.after(10_000, resolve));
    }
    yield* read(from, to);
  };
  const { losses, tables } = await settle(readPartition(ports));
  t.deepEqual(losses, []);
  t.is(tables.sequence, hub.streams(0).log.last);
  await settle(worker.stop());
});
