import test from 'ava';
import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { diagnose, isHealthy } from '../../lib/engine/diagnosis.js';
import { acceptLoss } from '../../lib/engine/loss-acceptance.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { gate, Queue } from './mailboxes.js';
import { hostOf, MemoryClient, recordingLogger, surroundings } from './surroundings.js';

/** A name whose address is in a partition of two. */
function nameIn(partition: number, addressOf: (name: string) => string, which = 0): string {
  for (let [i, found] = [0, 0]; ; i++)
    if (partitionOf(addressOf(`n${i}`), 2) === partition && found++ === which) return `n${i}`;
}
const queueIn = (partition: number, which = 0) =>
  nameIn(partition, (key) => entityAddress({ name: 'queue', key }), which);
const askerIn = (partition: number) => nameIn(partition, (key) => entityAddress({ name: 'asker', key }));
const idIn = (partition: number, which = 0) => nameIn(partition, orchestrationAddress, which);

/** An entity whose operation calls another one. */
@Entity('asker')
class Asker {
  state: { told: string[] } = { told: [] };
  @Operation({ input: String }) async ask(key: string, context: EntityContext): Promise<void> {
    this.state.told.push(await told(context.callEntity(Queue, key).slowly(`of ${context.entityId.key}`)));
  }
}

async function told(call: PromiseLike<number>): Promise<string> {
  try {
    return `answered ${await call}`;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  const { failureDetails } = error as { failureDetails?: { code?: string } };
  return failureDetails?.code ?? String(error);
}

@Orchestrator('calling')
class Calling {
  @Run() *run(key: string, context: OrchestrationContext): Orchestration<string> {
    try {
      return `answered ${yield* context.callEntity(Queue, key).slowly(`of ${context.instanceId}`)}`;
    } catch (error) {
      return codeOf(error);
    }
  }
}

@Orchestrator('resting')
class Resting {
  @Run() *run(_: void, context: OrchestrationContext): Orchestration<string> {
    yield* context.createTimer(60_000);
    return 'rested';
  }
}

@Orchestrator('parent')
class Parent {
  @Run() *run(instanceId: string, context: OrchestrationContext): Orchestration<string> {
    try {
      return yield* context.callSubOrchestrator(Resting, undefined, { instanceId });
    } catch (error) {
      return codeOf(error);
    }
  }
}

@Orchestrator('locking')
class Locking {
  @Run({ input: [String] }) *run(keys: string[], context: OrchestrationContext): Orchestration<string> {
    try {
      using _lock = yield* context.lock(...keys.map((key) => ['queue', key] as const));
      return 'locked';
    } catch (error) {
      return codeOf(error);
    }
  }
}

const host = (name: string) =>
  hostOf({ entities: [Queue, Asker], orchestrators: [Calling, Parent, Resting, Locking] }, name);

/** Partition 1 has asked things of partition 0, whose owner dies before it has answered. Partition 1 goes on. */
async function asked(milliseconds = 3_000) {
  const around = surroundings(2);
  const { hub, client, settle, advance } = around;
  const own = async (name: string, partition: number) => {
    const connection = hub.connect(name);
    const owner = new PartitionOwner(partition, memoryHubPorts(connection, recordingLogger()), host(name));
    await settle(owner.claim());
    return connection;
  };
  gate.close();
  const first = await own('a', 0);
  await own('b', 1);
  await settle(client.signal('queue', queueIn(0), 'add', 'before'));
  await settle(client.start('calling', idIn(1, 0), queueIn(0)));
  await settle(client.start('parent', idIn(1, 1), idIn(0, 1)));
  await settle(client.start('locking', idIn(1, 2), [queueIn(1, 1), queueIn(0)].sort()));
  await settle(client.start('calling', idIn(0, 0), queueIn(1)));
  await settle(client.signal('asker', askerIn(1), 'ask', queueIn(0)));
  await advance(milliseconds);
  first.kill();
  const doctor = memoryHubPorts(hub.connect('doctor'), recordingLogger());
  const output = async (id: string) => (await settle(client.orchestrationHead(id)))?.output;
  const goOn = async () => {
    gate.open();
    await own('c', 0);
    await advance(90_000);
  };
  return { ...around, own, doctor, output, goOn };
}

const LOST = 'PERDURE_LOSS_ACCEPTED';

test.serial(
  'P12: a partition that lost records tells all others what will not be answered, while they go on',
  async (t) => {
    const { hub, settle, doctor, output, goOn, client } = await asked();
    const { log } = hub.streams(0);
    log.rewind(log.last - 2);
    const reset = await settle(acceptLoss(doctor, 0, host('operator')));
    t.is(reset.gaveUp.requests, 4);
    await goOn();
    t.is(await output(idIn(1, 0)), LOST);
    t.is(await output(idIn(1, 1)), LOST);
    t.is(await output(idIn(1, 2)), LOST);
    t.deepEqual((await settle(client.entityHead('asker', askerIn(1))))?.state, { told: [LOST] });
    for (const which of [0, 1]) t.is((await settle(client.orchestrationHead(idIn(0, which))))?.status, 'Failed');
    // What partition 0 had asked of partition 1 is carried out there; nobody waits for it any more.
    t.deepEqual((await settle(client.entityHead('queue', queueIn(1))))?.state, { seen: [`of ${idIn(0, 0)}`] });
    const later = new MemoryClient(hub, 'later');
    await settle(later.start('calling', idIn(1, 5), queueIn(0)));
    await settle(later.start('calling', idIn(0, 5), queueIn(1)));
    await settle(later.start('locking', idIn(1, 6), [queueIn(1, 1), queueIn(0)].sort()));
    await settle(new Promise((resolve) => client.ports.clock.after(10_000, () => resolve(undefined))));
    t.is(await output(idIn(1, 5)), 'answered 2');
    t.is(await output(idIn(0, 5)), 'answered 2');
    t.is(await output(idIn(1, 6)), 'locked');
    t.true((await settle(diagnose(doctor, [0, 1]))).every(isHealthy));
  },
);

test.serial(
  'P12: mail with what was taken and not carried out is lost: who waits for that is told, and the rest goes on',
  async (t) => {
    const { hub, settle, doctor, output, goOn, client } = await asked(800); // before it is parked
    const { mail } = hub.streams(0);
    mail.rewind(0);
    const reset = await settle(acceptLoss(doctor, 0, host('operator')));
    t.deepEqual(reset.gaveUp.failed, []);
    t.true(reset.gaveUp.inputs > 0);
    await goOn();
    t.is(await output(idIn(1, 0)), LOST);
    t.is(await output(idIn(1, 1)), 'rested', 'its child goes on');
    t.deepEqual((await settle(client.entityHead('asker', askerIn(1))))?.state, { told: [LOST] });
    t.is(await output(idIn(0, 0)), LOST);
    const { seen } = (await settle(client.entityHead('queue', queueIn(0))))!.state as { seen: string[] };
    t.is(seen[0], 'before');
    t.is(new Set(seen).size, seen.length, 'what was not taken yet is carried out, once');
    const later = new MemoryClient(hub, 'later');
    await settle(later.start('calling', idIn(1, 5), queueIn(0)));
    await settle(new Promise((resolve) => client.ports.clock.after(5_000, () => resolve(undefined))));
    t.is(await output(idIn(1, 5)), `answered ${seen.length + 1}`);
  },
);

test.serial('P2, P12: envelopes that were stored in lost mail and never taken are sent again', async (t) => {
  const { hub, settle, doctor, output, goOn, client, advance } = await asked();
  await settle(client.start('calling', idIn(1, 7), queueIn(0, 1))); // nobody owns partition 0
  await settle(client.signal('queue', queueIn(0, 2), 'add', 'lost')); // the client does not send it again
  await advance(2_000);
  hub.streams(0).mail.rewind(0);
  await settle(acceptLoss(doctor, 0, host('operator')));
  await goOn();
  t.is(await output(idIn(1, 7)), 'answered 1');
  t.is(await settle(client.entityHead('queue', queueIn(0, 2))), undefined);
});

test.serial('P12: both partitions that call each other lose records, and both losses are accepted', async (t) => {
  const { hub, settle, doctor, own, advance, client } = await asked();
  for (const partition of [0, 1]) {
    const { log } = hub.streams(partition);
    log.rewind(log.last - 2);
  }
  await advance(15_000); // the owner of partition 1 has seen it
  for (const partition of [0, 1]) await settle(acceptLoss(doctor, partition, host('operator')));
  gate.open();
  for (const partition of [0, 1]) await own('c', partition);
  const later = new MemoryClient(hub, 'later');
  for (const from of [0, 1]) await settle(later.start('calling', idIn(from, 5), queueIn(1 - from)));
  await advance(30_000);
  for (const from of [0, 1])
    t.regex((await settle(client.orchestrationHead(idIn(from, 5))))?.output as string, /^answered/);
});
