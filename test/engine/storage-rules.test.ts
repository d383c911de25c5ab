import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { ActivationCache } from '../../lib/engine/activation-cache.js';
import { Checkpoints, wholeCheckpoint } from '../../lib/engine/checkpoints.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { PartitionTables } from '../../lib/engine/tables.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import type { ChangedDrawers, Checkpoint } from '../../lib/wire/checkpoint.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { Counter } from './bank.js';
import { KillAt, type LastCall } from './kill-at.js';
import { gate, Queue } from './mailboxes.js';
import { bankHost, hostOf, MemoryWorker, recordingLogger, surroundings, text } from './surroundings.js';

/** A name whose address is in a partition of two. */
function nameIn(partition: number, addressOf: (name: string) => string): string {
  for (let i = 0; ; i++) if (partitionOf(addressOf(`n${i}`), 2) === partition) return `n${i}`;
}

const queueAddress = (key: string): string => entityAddress({ name: 'queue', key });
const [near, far] = [nameIn(0, queueAddress), nameIn(1, queueAddress)];
const other = nameIn(0, (key) => (key === near ? queueAddress(far) : queueAddress(key)));
const instanceId = nameIn(0, orchestrationAddress);

class Work {
  @Activity() async go(): Promise<string> {
    await gate.opened;
    return 'went';
  }
}

/** One step, of which everything is still to come: a local message, a send, an activity and a timer. */
@Orchestrator('hopeful')
class Hopeful {
  @Run() *run(_: void, context: OrchestrationContext): Orchestration<string> {
    context.signalEntity(Queue, near).add('local');
    context.signalEntity(Queue, far).add('sent');
    const went = context.callActivity(Work).go();
    yield* context.createTimer(8_000);
    return `rested and ${yield* went}`;
  }
}

test('P8: what a forgotten record has still to bring about is in the checkpoint, or stored as a wake record', async (t) => {
  const { world, hub, client, settle, advance } = surroundings(2);
  // What the first owner sends does not arrive: the next one has to.
  world.faults = {
    next: ({ connection, port, operation }) =>
      connection === 'w1' && port === 'mailbox' && operation === 'send' ? 'requestLost' : 'none',
  };
  const host = hostOf({ entities: [Queue], orchestrators: [Hopeful], activities: [new Work()] });
  const own = async (name: string, partition: number) => {
    const connection = hub.connect(name);
    const options = { mail: { age: 600_000 } }; // parked messages are stored in pages of their own (P4)
    const owner = new PartitionOwner(partition, memoryHubPorts(connection, recordingLogger()), host, options);
    await settle(owner.claim());
    return connection;
  };
  const queue = async (key: string) => (await settle(client.entityHead('queue', key)))?.state;
  gate.close();
  const first = await own('w1', 0);
  await settle(client.signal('queue', near, 'slowly', 'mail'));
  await advance(50);
  const begun = world.time;
  await settle(client.start('hopeful', instanceId));
  await advance(100);
  const { log } = hub.streams(0);
  const record = [...log.all()].find(({ body }) => text.decode(body).includes('"local"'))!;
  await settle(client.signal('queue', other, 'add', 'something else'));
  await settle(client.signal('queue', near, 'add', 'later'));
  await advance(2_500);
  t.true(log.first > record.sequence, 'the record is forgotten');
  first.kill();
  gate.open();
  await own('w2', 0);
  await own('w3', 1);
  await advance(20_000);
  t.deepEqual(await queue(near), { seen: ['mail', 'local', 'later'] });
  t.deepEqual(await queue(far), { seen: ['sent'] });
  const head = await settle(client.orchestrationHead(instanceId));
  t.is(head?.output, 'rested and went');
  t.true(head!.updatedAt - begun >= 8_000 && head!.updatedAt - begun < 12_000);
});

/** A checkpoint of several pages, and a drawer of sessions, of which the number tells one from another. */
function checkpointOf(number: number): readonly [Checkpoint, ChangedDrawers] {
  const input = `${number} `.repeat(450_000);
  const local = (index: number) =>
    ({
      counter: 1,
      index,
      message: ['o.x', { kind: 'event', name: 'e', input }],
      behind: 0,
    }) as const;
  const snapshot = new PartitionTables().snapshot();
  const session = { id: `${number}-client`, mark: number, usedAt: number };
  return [
    { v: 1, ...snapshot, epoch: 1, logSeq: number, commit: `c${number}`, low: number, locals: [local(0), local(1)] },
    new Map([
      [number, [session]],
      [9, [session]],
    ]),
  ];
}

/** The second checkpoint of an owner that dies at one of the calls with which it stores it, as its successors find it. */
async function interrupted(call: number, fault: LastCall) {
  const world = new MemoryWorld();
  const hub = world.createHub('test', 1);
  const connection = hub.connect('victim');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const checkpoints = new Checkpoints(connection.ports(0, recordingLogger()), 1);
  await settle(checkpoints.takeOver());
  await settle(checkpoints.write(...checkpointOf(1)));
  const dying = new KillAt(call, fault);
  dying.onKill = () => connection.kill();
  world.faults = dying;
  let isDone = false;
  void checkpoints.write(...checkpointOf(2)).then(() => (isDone = true));
  await world.scheduler.advance(1_000);
  const next = hub.connect('next').ports(0, recordingLogger());
  const whole = await settle(wholeCheckpoint(next));
  const successor = new Checkpoints(next, 2);
  await settle(successor.takeOver());
  return { isDone, whole, taken: await settle(successor.read()) };
}

test('P10: a checkpoint of several pages is the one before or the new one, at whichever call its owner dies', async (t) => {
  const found = new Set<number>();
  for (const fault of ['requestLost', 'responseLost'] as const)
    for (let call = 1, isDone = false; !isDone; call++) {
      const after = await interrupted(call, fault);
      ({ isDone } = after);
      const number = after.taken!.logSeq;
      found.add(number);
      const [{ locals }, changed] = checkpointOf(number);
      const drawers = new Map([...checkpointOf(1)[1], ...changed]);
      const where = `call ${call}, ${fault}`;
      t.deepEqual(after.whole, after.taken, where);
      t.deepEqual(after.taken!.locals, locals, where);
      t.deepEqual(after.taken!.clients, [...drawers.values()].flat(), where);
      t.true(call < 50);
      if (isDone) t.is(number, 2);
    }
  t.deepEqual(found, new Set([1, 2]));
});

test('P11: a head that a deposed leader shows is not believed when a newer one was stored', async (t) => {
  let stale = 0;
  const { world, hub, client, settle, advance } = surroundings(1);
  world.faults = {
    next: ({ connection, port, operation }) =>
      connection === 'w' && port === 'views' && operation === 'read' && stale-- > 0 ? 'stale' : 'none',
  };
  // Nothing idle stays loaded: each signal finds the instance in its head.
  const options = { activations: new ActivationCache(0) };
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Counter] }), options);
  await settle(worker.claim());
  const signal = (name: string) => settle(client.signal('counter', 'k', 'add', name));
  for (const second of [1, 2]) {
    await advance(700);
    await signal(`${second} before the instance rests`);
    await advance(350); // its head is stored, and a moment later it is unloaded: that is done once a second
    stale = 3;
    await signal(`${second} after it`);
    await advance(200);
    t.true(stale < 0, 'the head was read, again and again');
    await advance((-world.scheduler.now % 1_000) + 1_000);
  }
  const names = [1, 2].flatMap((second) => [`${second} before the instance rests`, `${second} after it`]);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: names });
});

test('P11: a wake record that a deposed leader does not know yet is removed all the same', async (t) => {
  let reads = 0;
  const { world, hub, client, settle, advance } = surroundings(1);
  world.faults = {
    next: ({ connection, port, operation }) =>
      connection === 'w' && port === 'views' && operation === 'read' && reads++ % 2 === 0 ? 'stale' : 'none',
  };
  await settle(new MemoryWorker(hub, 'w', bankHost(), { activations: new ActivationCache(0) }).claim());
  const wake = partitionSubjects(hub.name, 0).wake('o.n');
  const isWaking = (): boolean => hub.streams(0).state.latest(wake) !== undefined;
  await advance(800 - (world.scheduler.now % 1_000));
  await settle(client.start('nap', 'n', 450));
  await advance(300);
  t.true(isWaking(), 'it was stored, and a moment later the instance is unloaded: that is done once a second');
  reads = 0;
  await advance(600);
  t.is((await settle(client.orchestrationHead('n')))?.status, 'Completed');
  t.true(reads > 2, 'its head and its wake record were read');
  t.false(isWaking());
});
