import test, { type ExecutionContext } from 'ava';
import { CancelledError, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { noFaults, type FaultPlan } from '../../lib/memory/faults.js';
import type { Directory } from '../../lib/engine/delegation.js';
import { ActivationCache } from '../../lib/engine/activation-cache.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import type { StoredMessage } from '../../lib/engine/ports.js';
import { StepServer } from '../../lib/engine/step-server.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeWake } from '../../lib/wire/head-codec.js';
import type { ControlMessage } from '../../lib/wire/messages.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { KillAt } from './kill-at.js';
import {
  ask,
  hostOf,
  MemoryClient,
  MemoryWorker,
  outcomesAt,
  recordingLogger,
  surroundings,
  servedWith,
} from './surroundings.js';

/** Fails when it is told to, and says what was done. */
class Jobs {
  readonly done: string[] = [];
  isBroken = false;
  isHanging = false;

  @Activity({ input: String }) job(name: string): string | Promise<string> {
    this.done.push(name);
    if (this.isHanging) return new Promise(() => {});
    if (this.isBroken && name.startsWith('bad')) throw new RangeError('broken');
    return 'x'.repeat(name.startsWith('large') ? 40_000 : 10);
  }
}

/** Many jobs one after the other, then a bad one beside a good one. */
@Orchestrator('chain')
class Chain {
  @Run({ input: Number }) *run(length: number, ctx: OrchestrationContext): Orchestration<number> {
    let sum = 0;
    for (let n = 0; n < length; n++) sum += (yield* ctx.callActivity(Jobs).job(`large${n}`)).length;
    yield* ctx.all([ctx.callActivity(Jobs).job('bad'), ctx.callActivity(Jobs).job('good')]);
    return sum;
  }
}

/** Has a child, and undoes something when it is canceled. */
@Orchestrator('trunk')
class Trunk {
  @Run({ input: Number }) *run(depth: number, ctx: OrchestrationContext): Orchestration<unknown> {
    try {
      if (depth === 0) return yield* ctx.waitForExternalEvent('Go');
      return yield* ctx.callSubOrchestrator(Trunk, depth - 1, { instanceId: `${ctx.instanceId}.${depth}` });
    } catch (error) {
      if (error instanceof CancelledError) yield* ctx.callActivity(Jobs).job(`undo ${ctx.instanceId}`);
      throw error;
    }
  }
}

/** Continues as new with each event that it gets, until it has enough of them; calls something each time. */
@Orchestrator('turning')
class Turning {
  @Run({ input: Number }) *run(left: number, ctx: OrchestrationContext): Orchestration<unknown> {
    ctx.callActivity(Jobs).job(`turn ${left}`);
    const got = yield* ctx.waitForExternalEvent('Turn');
    if (left > 1) return ctx.continueAsNew(left - 1);
    return got;
  }
}

const host = (jobs = new Jobs()) => hostOf({ orchestrators: [Chain, Trunk, Turning], activities: [jobs] });

let numbers = 0;

/** Asks something of an instance; what its owner says. */
async function control(
  { client, settle, advance }: ReturnType<typeof surroundings>,
  instanceId: string,
  fields: Omit<ControlMessage, 'kind' | 'reply'>,
  time = 500,
): Promise<string> {
  const reply = `_INBOX.c${++numbers}`;
  const told = outcomesAt(client.ports, reply);
  await settle(client.send(orchestrationAddress(instanceId), { kind: 'control', ...fields, reply }));
  await advance(time);
  const [outcome] = told;
  return outcome ? (outcome.failure?.code ?? 'done') : 'silence';
}

const stateOf = (around: ReturnType<typeof surroundings>, partitions: number): string[] =>
  Array.from({ length: partitions }, (_, partition) => [...around.hub.streams(partition).state.subjects()])
    .flat()
    .filter((subject) => /\.[shw]\./.test(subject));

test('P14: an instance with a long history is rewound from its segments, and purged with them', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const jobs = new Jobs();
  jobs.isBroken = true;
  const first = new MemoryWorker(hub, 'w1', host(jobs));
  await settle(first.claim());
  await settle(client.start('chain', 'long', 20));
  await advance(5_000);
  const failed = await settle(client.orchestrationHead('long'));
  t.is(failed?.status, 'Failed');
  t.true(failed!.segments.length > 0);
  await settle(first.stop());
  const second = new MemoryWorker(hub, 'w2', host(jobs));
  await settle(second.claim());
  jobs.isBroken = false;
  t.is(await control(around, 'long', { action: 'rewind', reason: 'mended' }), 'done');
  await advance(2_000);
  const head = await settle(client.orchestrationHead('long'));
  t.is(head?.status, 'Completed');
  t.is(head?.output, 20 * 40_000);
  t.deepEqual(jobs.done.slice(22), ['bad'], 'nothing else ran again');
  t.is(head?.run, failed?.executionId);
  t.is(await control(around, 'long', { action: 'purge' }), 'done');
  await advance(1_000);
  t.deepEqual(stateOf(around, 1), []);
});

test('an instance that is rewound goes on in another worker by an ordinary replay', async (t) => {
  const around = surroundings(2);
  const { hub, client, settle, advance } = around;
  const jobs = new Jobs();
  jobs.isBroken = true;
  const first = new MemoryWorker(hub, 'w1', host(jobs));
  await settle(first.claim());
  await settle(client.start('chain', 'c', 2));
  await advance(1_000);
  jobs.isHanging = true;
  t.is(await control(around, 'c', { action: 'rewind' }), 'done');
  first.connection.kill();
  jobs.isBroken = jobs.isHanging = false;
  const second = new MemoryWorker(hub, 'w2', host(jobs));
  await settle(second.claim());
  await advance(3_000);
  t.is((await settle(client.orchestrationHead('c')))?.status, 'Completed');
  t.true(second.replayedEvents > 0);
});

/** Everything of the lifecycle, with a worker that dies at its nth call and another that takes over. */
async function live(plan: FaultPlan & Partial<Pick<KillAt, 'calls' | 'onKill'>>) {
  const world = new MemoryWorld({ seed: 7, faults: plan });
  const hub = world.createHub('test', 2);
  const faults: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (m: string) => void faults.push(m) };
  const jobs = new Jobs();
  jobs.isBroken = true;
  const victim = new MemoryWorker(hub, 'victim', host(jobs), {}, logger);
  plan.onKill = () => victim.connection.kill();
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  const settle = <T>(promise: Promise<T>): Promise<T> => scheduler.settle(promise, 60_000);
  void victim.claim().catch((error: unknown) => faults.push(String(error)));
  await scheduler.advance(20);
  const tell = (id: string, action: ControlMessage['action']) =>
    client.send(orchestrationAddress(id), { kind: 'control', action });
  const later = { kind: 'start', name: 'trunk', input: 0, startAt: world.time + 700 } as const;
  await settle(
    Promise.all([
      client.start('trunk', 'terminated', 2),
      client.start('trunk', 'canceled', 2),
      client.start('trunk', 'suspended', 0),
      client.start('chain', 'rewound', 1),
      client.send(orchestrationAddress('later'), later),
      client.start('trunk', 'purged', 1),
    ]),
  );
  await scheduler.advance(150);
  await settle(
    Promise.all([
      tell('terminated', 'terminate'),
      tell('canceled', 'cancel'),
      tell('suspended', 'suspend'),
      tell('purged', 'terminate'),
      client.send(orchestrationAddress('suspended'), { kind: 'event', name: 'Go', input: 'went' }),
    ]),
  );
  await scheduler.advance(150);
  jobs.isBroken = false;
  await settle(Promise.all([tell('rewound', 'rewind'), tell('purged', 'purge'), tell('suspended', 'resume')]));
  await scheduler.advance(1_000);
  const successor = new MemoryWorker(hub, 'successor', host(jobs), {}, logger);
  await settle(successor.claim());
  await scheduler.advance(8_000);
  const status = async (id: string) => (await settle(client.orchestrationHead(id)))?.status ?? 'gone';
  const found: Record<string, string> = {};
  for (const id of ['terminated', 'terminated.2', 'canceled', 'canceled.2', 'suspended', 'rewound', 'later', 'purged'])
    found[id] = await status(id);
  const left = [0, 1]
    .flatMap((partition) => [...hub.streams(partition).state.subjects()])
    .filter((subject) => subject.includes('.o.purged'));
  return { calls: plan.calls ?? 0, faults, found, left };
}

const right = {
  terminated: 'Terminated',
  'terminated.2': 'Terminated',
  canceled: 'Canceled',
  'canceled.2': 'Canceled',
  suspended: 'Completed',
  rewound: 'Completed',
  later: 'Running',
  purged: 'gone',
};

async function everyPoint(t: ExecutionContext, fault: 'requestLost' | 'responseLost'): Promise<void> {
  let n = 1;
  for (; ; n += 3) {
    const { calls, faults, found, left } = await live(new KillAt(n, fault));
    t.deepEqual({ faults, found, left }, { faults: [], found: right, left: [] }, `killed at call ${n}`);
    if (calls < n) break;
  }
  t.true(n > 50, `${n}`);
}

test('with no deaths every instance ends as it was asked to', async (t) => {
  const { faults, found, left } = await live({ next: (call) => noFaults.next(call) });
  t.deepEqual({ faults, found, left }, { faults: [], found: right, left: [] });
});

test('C4, P13: a worker that dies before any of its calls arrives carries out each request once', (t) =>
  everyPoint(t, 'requestLost'));

test('C4, P13: a worker that dies after any of its calls was carried out carries out each request once', (t) =>
  everyPoint(t, 'responseLost'));

test('an instance that was suspended by somebody and does not fit its code goes on when both are mended', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  let isMended = true;
  @Orchestrator('fitful')
  class Fitful {
    @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
      yield* ctx.callActivity(isMended ? 'job' : 'other', 'a');
      return yield* ctx.waitForExternalEvent<string>('Go');
    }
  }
  const owner = (name: string) =>
    new MemoryWorker(hub, name, hostOf({ orchestrators: [Fitful], activities: [new Jobs()] }));
  const first = owner('w1');
  await settle(first.claim());
  await settle(client.start('fitful', 'f'));
  await advance(500);
  t.is(await control(around, 'f', { action: 'suspend', reason: 'by hand' }), 'done');
  await settle(first.stop());
  isMended = false;
  const second = owner('w2');
  await settle(second.claim());
  await settle(client.send('o.f', { kind: 'event', name: 'Go', input: 'went' }));
  const status = async () => {
    const [answer] = await ask(around, 'o.f', { kind: 'status', instanceId: 'f' });
    return answer?.kind === 'status' ? answer.status : undefined;
  };
  t.like(await status(), { runtimeStatus: 'Suspended', reason: 'by hand' });
  t.is(await control(around, 'f', { action: 'resume' }), 'done');
  const misfit = await status();
  t.is(misfit?.runtimeStatus, 'Suspended');
  t.regex(misfit?.reason ?? '', /history says/);
  t.is(await control(around, 'f', { action: 'resume' }), 'done');
  t.regex((await status())?.reason ?? '', /history says/);
  isMended = true;
  t.is(await control(around, 'f', { action: 'resume' }), 'done', 'in the same worker: it is tried again');
  t.like(await status(), { runtimeStatus: 'Completed', output: 'went' });
});

test('what was held back for an execution is nothing to the next one, and its events are carried over', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w', hostOf({ orchestrators: [Turning], activities: [] }));
  await settle(worker.claim());
  await settle(client.start('turning', 't', 700));
  await advance(200);
  const [answer] = await ask(around, 'o.t', { kind: 'status', instanceId: 't' });
  const executionId = (answer?.kind === 'status' && answer.status?.executionId) || '';
  t.is(await control(around, 't', { action: 'suspend' }), 'done');
  const result = { kind: 'result', of: 'activity', executionId, taskId: 0 } as const;
  await settle(
    Promise.all(Array.from({ length: 650 }, (_, n) => client.send('o.t', { kind: 'event', name: 'Turn', input: n }))),
  );
  await settle(client.send('o.t', { ...result, result: 'of the first execution' }));
  for (let n = 650; n < 700; n++) await settle(client.send('o.t', { kind: 'event', name: 'Turn', input: n }));
  await advance(1_000);
  t.is(await control(around, 't', { action: 'resume' }), 'done');
  await advance(5_000);
  const head = await settle(client.orchestrationHead('t'));
  t.is(head?.output, 699);
  t.false(JSON.stringify(head?.history).includes('of the first execution'));
});

test('a parent reaches only the children that it started itself', async (t) => {
  const around = surroundings(2);
  const { hub, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w', host());
  await settle(worker.claim());
  await settle(client.start('trunk', 'p.1', 0));
  await settle(client.start('trunk', 'p', 1));
  await advance(500);
  t.is((await settle(client.orchestrationHead('p')))?.status, 'Failed', 'the id of its child is in use');
  const parent = { address: 'o.p', executionId: 'another', taskId: 0 };
  for (const action of ['terminate', 'cancel', 'suspend'] as const)
    t.is(await control(around, 'p.1', { action, parent }), 'PERDURE_INSTANCE_REPLACED');
  t.is((await settle(client.orchestrationHead('p.1')))?.status, 'Running');
});

test('a tree is suspended and resumed as a whole', async (t) => {
  const around = surroundings(2);
  const { hub, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w', host());
  await settle(worker.claim());
  await settle(client.start('trunk', 'r', 2));
  await advance(500);
  const statuses = async () => {
    const heads = await settle(Promise.all(['r', 'r.2', 'r.2.1'].map((id) => client.orchestrationHead(id))));
    return heads.map((head) => head?.status);
  };
  t.is(await control(around, 'r', { action: 'suspend', recursive: true }), 'done');
  t.deepEqual(await statuses(), ['Suspended', 'Suspended', 'Suspended']);
  t.is(await control(around, 'r', { action: 'resume' }), 'done');
  t.deepEqual(await statuses(), ['Running', 'Suspended', 'Suspended']);
  t.is(await control(around, 'r', { action: 'resume', recursive: true }), 'done');
  await advance(500);
  t.deepEqual(await statuses(), ['Running', 'Running', 'Running']);
});

test('P15: the large values of a purged instance, and the large output of a terminated one, are removed', async (t) => {
  const around = surroundings(1, 1, { maxInlineValueBytes: 16 * 1024 });
  const { hub, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w', host());
  await settle(worker.claim());
  await settle(client.start('chain', 'c', 2));
  await settle(client.start('trunk', 'p', 0));
  await advance(1_000);
  const message = { kind: 'control', action: 'terminate', output: 'y'.repeat(50_000) } as const;
  const text = client.large.textIn(message, () => 'It')!;
  await settle(client.send('o.p', await settle(client.large.byReference('o.p', message, text))));
  await advance(1_000);
  const terminated = await settle(client.orchestrationHead('p'));
  t.is(((await settle(client.large.whole(terminated!))).output as string).length, 50_000);
  t.true(hub.objects.size > 2);
  for (const id of ['c', 'p']) t.is(await control(around, id, { action: 'purge' }, 2_000), 'done');
  t.deepEqual([...hub.objects.keys()], []);
  t.deepEqual(stateOf(around, 1), []);
});

test('P13: what is left of a purge is finished by the next owner', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const first = new MemoryWorker(hub, 'w1', host());
  await settle(first.claim());
  await settle(client.start('trunk', 'x', 0));
  await advance(500);
  t.is(await control(around, 'x', { action: 'terminate' }), 'done');
  await advance(1_000);
  t.is(partitionOf('o.x', 1), 0);
  t.is(await control(around, 'x', { action: 'purge' }, 20), 'done');
  first.connection.kill(); // before its head is written
  t.deepEqual(stateOf(around, 1).length, 1);
  const second = new MemoryWorker(hub, 'w2', host());
  await settle(second.claim());
  await advance(1_000);
  t.deepEqual(stateOf(around, 1), []);
  t.is(await control(around, 'x', { action: 'purge' }), 'PERDURE_NOT_FOUND');
});

test('P13: a head that is stored once more after its instance was purged is removed, and not believed', async (t) => {
  const around = surroundings(1);
  const { hub, world, client, settle, advance } = around;
  const worker = new MemoryWorker(hub, 'w', host(), { activations: new ActivationCache(0) });
  await settle(worker.claim());
  await settle(client.start('trunk', 'x', 0));
  await advance(500);
  const { state } = hub.streams(0);
  const [{ subject, body }] = [...state.all()].filter((stored) => stored.subject.includes('.s.')) as [StoredMessage];
  t.is(await control(around, 'x', { action: 'terminate' }), 'done');
  t.is(await control(around, 'x', { action: 'purge' }, 5_000), 'done');
  t.deepEqual(stateOf(around, 1), []);
  t.not(state.store(subject, body, world.time, { after: 0 }), undefined); // the server carries a write out once more
  t.is(await control(around, 'x', { action: 'resume' }), 'PERDURE_NOT_FOUND');
  t.deepEqual(stateOf(around, 1), []);
});

/** An instance that a later owner than the first has purged, and what the first had stored of it. */
async function purgedByAnother(t: ExecutionContext, around: ReturnType<typeof surroundings>) {
  const { hub, world, client, settle, advance } = around;
  const subjects = partitionSubjects(hub.name, 0);
  const jobs = new Jobs();
  jobs.isHanging = true;
  const former = new MemoryWorker(hub, 'former', host(jobs));
  await settle(former.claim());
  await settle(client.start('chain', 'x', 0));
  await advance(500);
  const { state } = hub.streams(0);
  const stored = [...state.all()].filter(({ subject }) => /\.[sw]\./.test(subject));
  t.deepEqual(
    stored.map(({ subject }) => subject),
    [subjects.wake('o.x'), subjects.head('o.x')],
  );
  former.connection.process.freeze();
  await settle(new MemoryWorker(hub, 'second', host(jobs)).claim());
  t.is(await control(around, 'x', { action: 'terminate' }), 'done');
  t.is(await control(around, 'x', { action: 'purge' }, 5_000), 'done');
  t.deepEqual(stateOf(around, 1), []);
  /** What was on its way from the first owner arrives. */
  return () => {
    for (const { subject, body } of stored) t.not(state.store(subject, body, world.time, { after: 0 }), undefined);
  };
}

test('P13: with a head that a former owner stored late goes the wake record that it stored before', async (t) => {
  const around = surroundings(1);
  const { hub, settle, advance } = around;
  const arrive = await purgedByAnother(t, around);
  arrive();
  await settle(new MemoryWorker(hub, 'third', host()).claim());
  await advance(1_000);
  t.deepEqual(stateOf(around, 1), []);
});

test('P13: a head that a former owner stored late stops nobody who starts the instance anew', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const arrive = await purgedByAnother(t, around);
  const lines: string[] = [];
  await settle(new MemoryWorker(hub, 'third', host(), {}, recordingLogger(lines)).claim());
  await advance(1_000); // the heads are listed
  arrive();
  await settle(client.start('trunk', 'x', 0));
  await advance(1_000);
  t.deepEqual(lines, []);
  t.like(await settle(client.orchestrationHead('x')), { name: 'trunk', status: 'Running' });
  await settle(new MemoryWorker(hub, 'fourth', host()).claim());
  await advance(1_000);
  t.deepEqual(stateOf(around, 1), [partitionSubjects(hub.name, 0).head('o.x')], 'the wake record was nobody’s');
});

test('P19: a wake record of an instance that is gone is removed by the next owner', async (t) => {
  const around = surroundings(1);
  const { hub, world, settle, advance } = around;
  const subjects = partitionSubjects(hub.name, 0);
  const left = [
    ['o.due', { at: world.time }],
    ['o.loaded', { load: true }],
    ['o.later', { at: world.time + 60_000 }],
  ] as const;
  for (const [address, what] of left)
    hub
      .streams(0)
      .state.store(subjects.wake(address), encodeWake({ v: 1, epoch: 0, executionId: 'e', ...what }), world.time);
  await settle(new MemoryWorker(hub, 'w', host()).claim());
  await advance(2_000);
  t.deepEqual(stateOf(around, 1), [subjects.wake('o.later')]);
  await advance(60_000);
  t.deepEqual(stateOf(around, 1), [], 'when its time has come');
});

test('P19: a wake record that a former owner stored late of an instance that has ended is removed when its time has come', async (t) => {
  const around = surroundings(1);
  const { hub, client, world, settle, advance } = around;
  const subjects = partitionSubjects(hub.name, 0);
  await settle(new MemoryWorker(hub, 'first', host()).claim());
  await settle(client.start('trunk', 'x', 0));
  await advance(500);
  t.is(await control(around, 'x', { action: 'terminate' }), 'done');
  const late = { v: 1, epoch: 0, executionId: 'e', at: world.time + 60_000 } as const;
  hub.streams(0).state.store(subjects.wake('o.x'), encodeWake(late), world.time);
  await settle(new MemoryWorker(hub, 'next', host()).claim());
  await advance(2_000);
  t.deepEqual(stateOf(around, 1), [subjects.head('o.x'), subjects.wake('o.x')]);
  await advance(60_000);
  t.deepEqual(stateOf(around, 1), [subjects.head('o.x')]);
});

test('what needs the code of an instance is done by the worker that has it, all else by the owner alone', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const jobs = new Jobs();
  jobs.isBroken = true;
  const workers: string[] = [];
  const listeners = new Set<() => void>();
  const directory: Directory = {
    workersWith: ({ kind }) => (kind === 'orchestrator' ? workers : []),
    onChange: (listener) => {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
  };
  const ports = memoryHubPorts(hub.connect('owner'), recordingLogger());
  const owner = new PartitionOwner(0, ports, hostOf({ activities: [jobs] }), { directory });
  await settle(owner.claim());
  const startAt = around.world.time + 1_000;
  await settle(client.send('o.later', { kind: 'start', name: 'trunk', input: 0, startAt }));
  await advance(200);
  t.is(await control(around, 'later', { action: 'suspend' }), 'done', 'its code is not needed yet');
  t.is(await control(around, 'later', { action: 'resume' }), 'done');
  const elsewhere = memoryHubPorts(hub.connect('code'), recordingLogger());
  const server = new StepServer(elsewhere, hostOf({ orchestrators: [Chain, Trunk] }), 'code', servedWith(elsewhere));
  workers.push('code');
  for (const listener of listeners) listener();
  await settle(client.start('chain', 'c', 20));
  await settle(client.start('trunk', 't', 1));
  await advance(5_000);
  const status = async (id: string) => (await settle(client.orchestrationHead(id)))?.status;
  t.is(await status('c'), 'Failed');
  t.is(await status('later'), 'Running');
  jobs.isBroken = false;
  t.is(await control(around, 'c', { action: 'rewind' }), 'done');
  t.is(await control(around, 't', { action: 'cancel' }), 'done');
  await advance(3_000);
  t.deepEqual([await status('c'), await status('t'), await status('t.1')], ['Completed', 'Canceled', 'Canceled']);
  t.is(await control(around, 't', { action: 'restart' }), 'done');
  t.is(await status('t'), 'Running');
  workers.length = 0;
  server.close();
  for (const [id, action] of [
    ['t', 'terminate'],
    ['later', 'suspend'],
    ['c', 'purge'],
  ] as const)
    t.is(await control(around, id, { action }), 'done');
  t.deepEqual(
    [await status('t'), await status('t.1'), await status('later'), await status('c')],
    ['Terminated', 'Terminated', 'Suspended', undefined],
  );
});
