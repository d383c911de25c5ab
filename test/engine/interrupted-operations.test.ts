import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import test from 'ava';
import type { Directory } from '../../lib/engine/delegation.js';
import type { OwnerOptions } from '../../lib/engine/partition-owner.js';
import { StepServer } from '../../lib/engine/step-server.js';
import { noFaults, type FaultPlan } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress } from '../../lib/wire/addresses.js';
import type { Message } from '../../lib/wire/messages.js';
import { small } from './mailboxes.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger, servedWith } from './surroundings.js';

/** What the processes that are up now wait for. */
let gates: Record<string, Promise<void>> = {};
/** When operations of errands began, as they saw it. */
let begun: number[] = [];

const never = new Promise<void>(() => {});

/** Calls a gate, and does not end before that has answered. */
@Entity('errand')
class Errand {
  state = { done: [] as string[] };
  @Operation({ input: String }) async run(id: string, context: EntityContext): Promise<void> {
    begun.push(context.currentUtcDateTime.getTime());
    await gates['call'];
    await context.callEntity(Gate, 'g').pass('answer');
    this.state.done.push(id);
  }
  @Operation({ input: String }) note(id: string): void {
    this.state.done.push(id);
  }
}

/** Opens when its process is told so; then it may signal an errand. */
@Entity('gate')
class Gate {
  state = { passed: 0 };
  @Operation({ input: String }) async pass(name: string): Promise<void> {
    await gates[name];
    this.state.passed++;
  }
  @Operation({ input: String }) async send(id: string, context: EntityContext): Promise<void> {
    await gates['send'];
    context.signalEntity(Errand, 'e').note(id);
  }
}

const host = hostOf({ entities: [Errand, Gate] });

function opened(faults: FaultPlan = noFaults, hosted = host) {
  const world = new MemoryWorld({ faults });
  const hub = world.createHub('test', 1);
  const client = new MemoryClient(hub, 'client');
  const lines: string[] = [];
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const start = async (name: string, options: OwnerOptions = {}, skew = 0): Promise<MemoryWorker> => {
    const worker = new MemoryWorker(hub, name, hosted, options, recordingLogger(lines));
    worker.connection.clock.skew = skew;
    await settle(worker.claim());
    return worker;
  };
  const done = async (): Promise<readonly string[]> =>
    ((await settle(client.entityHead('errand', 'e')))?.state as Errand['state'] | undefined)?.done ?? [];
  const errand = (fields: object): Promise<void> =>
    settle(client.send(entityAddress({ name: 'errand', key: 'e' }), { kind: 'operation', ...fields } as Message));
  const passed = async (): Promise<number> =>
    ((await settle(client.entityHead('gate', 'g')))?.state as Gate['state'] | undefined)?.passed ?? 0;
  return {
    hub,
    client,
    settle,
    advance: (ms: number) => world.scheduler.advance(ms),
    start,
    done,
    errand,
    passed,
    lines,
  };
}

test.beforeEach(() => {
  gates = {};
  begun = [];
});

test.serial('P18: a planned operation that has called goes on before what was parked behind it', async (t) => {
  const { client, advance, start, done, errand, lines } = opened();
  gates = { answer: never };
  const first = await start('one', { mail: small });
  await errand({ name: 'run', input: 'planned', due: client.ports.clock.now() + 1_000 });
  await advance(2_000);
  for (const input of ['a', 'b', 'c']) await errand({ name: 'note', input });
  await advance(5_000); // the log is forgotten: the next owner finds the entity by its wake record alone
  first.connection.kill();
  gates = {};
  await start('two', { mail: small });
  await advance(5_000);
  t.deepEqual(await done(), ['planned', 'a', 'b', 'c']);
  t.is(begun.length, 2);
  t.deepEqual(lines, []);
});

test.serial('P18: what is due waits for an operation that had called when its process died', async (t) => {
  const { client, advance, start, done, errand, lines } = opened({
    next: ({ connection, port, operation }) =>
      connection === 'two' && port === 'mailbox' && operation === 'consume' ? { delay: 500 } : 'none',
  });
  gates = { answer: never };
  const first = await start('one', { mail: { age: 60_000 } });
  await errand({ name: 'note', input: 'planned', due: client.ports.clock.now() + 1_000 });
  await errand({ name: 'run', input: 'called' });
  await advance(5_000); // the time has come: the next owner hears of that before it has the message
  first.connection.kill();
  gates = {};
  await start('two');
  await advance(20_000);
  t.deepEqual(await done(), ['called', 'planned']);
  t.is(begun.length, 2);
  t.deepEqual(lines, []);
});

test.serial('P18: what has called goes on before messages that are parked before it, page by page', async (t) => {
  let isSlow = false;
  const { client, settle, advance, start, done, errand, lines } = opened({
    next: ({ connection, port, operation }) =>
      isSlow && connection === 'two' && port === 'views' && operation === 'read' ? { delay: 1_500 } : 'none',
  });
  const opens = { send: (): void => {}, call: (): void => {} };
  gates = {
    answer: never,
    send: new Promise((resolve) => (opens.send = resolve)),
    call: new Promise((resolve) => (opens.call = resolve)),
  };
  const first = await start('one', { mail: { age: 60_000 } }); // it parks nothing
  await settle(client.signal('gate', 's', 'send', 'x'));
  await errand({ name: 'run', input: 'called' });
  await advance(100);
  opens.send(); // x comes behind the call, but its record is stored before the call is accepted
  await advance(100);
  opens.call();
  await advance(5_000);
  first.connection.kill();
  gates = {};
  await start('two', { mail: { ...small, sequences: 3, pageMessages: 1, kept: 0 } });
  isSlow = true; // both are parked before the next owner has loaded the entity
  for (let i = 0; i < 8; i++) await settle(client.signal('gate', `k${i}`, 'pass', 'open'));
  await advance(1_000);
  isSlow = false;
  await advance(10_000);
  t.deepEqual(await done(), ['called', 'x']);
  t.is(begun.length, 2);
  t.deepEqual(lines, []);
});

test.serial(
  'P19: an operation that runs again is not earlier than before, whatever the clock of the next owner says',
  async (t) => {
    const { client, advance, start, done, errand, lines } = opened();
    gates = { answer: never };
    const first = await start('one', {}, 600);
    const due = client.ports.clock.now() + 1_000;
    await errand({ name: 'run', input: 'planned', due });
    await advance(430); // no head shows that it has begun
    first.connection.kill();
    gates = {};
    await start('two');
    await advance(200);
    t.deepEqual(await done(), ['planned']);
    t.is(begun.length, 2);
    t.true(begun[0]! >= due, `${begun[0]} ${due}`);
    t.true(begun[1]! >= begun[0]!, String(begun));
    t.deepEqual(lines, []);
  },
);

test.serial('P19: no operation is earlier than one that is committed, and that no head shows', async (t) => {
  const { advance, start, errand } = opened();
  const first = await start('one', {}, 5_000);
  await errand({ name: 'run', input: 'a' });
  await advance(20);
  first.connection.kill();
  await start('two');
  await errand({ name: 'run', input: 'b' });
  await advance(1_000);
  t.is(begun.length, 2);
  t.true(begun[1]! >= begun[0]!, String(begun));
});

test.serial(
  'P18: a signal that was due when it was taken, and has called, is not early for the next owner',
  async (t) => {
    const { client, advance, start, done, errand, passed, lines } = opened();
    gates = { answer: never };
    const first = await start('one', {}, 600);
    await advance(1_000);
    await errand({ name: 'run', input: 'due', due: client.ports.clock.now() + 500 });
    await advance(100);
    t.is(begun.length, 1);
    first.connection.kill();
    gates = {};
    await start('two', {}, -600);
    await advance(5_000);
    t.deepEqual([await done(), await passed(), begun.length], [['due'], 1, 2]);
    t.deepEqual(lines, []);
  },
);

test.serial('P19: so it is where another worker runs its code, and its head tells of its calls', async (t) => {
  const { hub, advance, start, errand, lines } = opened(noFaults, hostOf({ entities: [Gate] }));
  gates = { answer: never };
  const ports = memoryHubPorts(hub.connect('code'), recordingLogger(lines));
  new StepServer(ports, hostOf({ entities: [Errand] }), 'code', servedWith(ports));
  const directory: Directory = { workersWith: () => ['code'], onChange: () => ({ close: () => {} }) };
  const first = await start('one', { directory }, 60_000);
  await errand({ name: 'run', input: 'a' });
  await advance(8_000); // its head is stored, and the log forgotten
  first.connection.kill();
  gates = {};
  await start('two', { directory });
  await advance(10_000);
  t.is(begun.length, 2);
  t.true(begun[1]! >= begun[0]!, String(begun));
});
