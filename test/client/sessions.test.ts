import test from 'ava';
import { OrchestrationContext, TaskHubClient, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { Counter } from '../engine/bank.js';
import { hostOf, text } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

@Entity('slow')
class Slow {
  state = 0;
  @Operation({ input: Number, timeoutInMilliseconds: HOUR }) async after(milliseconds: number): Promise<number> {
    await pauses.get(milliseconds);
    return ++this.state;
  }
}

/** What the slow operations of a test wait for, by their inputs. */
const pauses = new Map<number, Promise<void>>();

@Orchestrator('idle')
class Idle {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<unknown> {
    return yield* context.waitForExternalEvent('Go');
  }
}

const host = () => hostOf({ entities: [Counter, Slow], orchestrators: [Idle] });

/** Faults of a client's sends that a test switches. */
class SendFaults implements FaultPlan {
  fault: Fault = 'none';
  sends = 0;
  next({ connection, operation }: PortCall): Fault {
    if (connection !== 'client' || operation !== 'send') return 'none';
    this.sends++;
    return this.fault;
  }
}

/** What the tests look at of a message. */
interface Stored {
  readonly kind: string;
  readonly number?: number;
  readonly done?: readonly number[];
}

/** All mail of a partition that is still there. */
function mailOf({ hub }: Surroundings, partition: number): Stored[] {
  return Array.from(hub.streams(partition).mail.all(), ({ body }) => JSON.parse(text.decode(body)) as Stored);
}

const kinds = (around: Surroundings, partition: number) => mailOf(around, partition).map(({ kind }) => kind);

/** A key of a counter in each of the two partitions. */
const keys = [0, 1].map((partition) => {
  for (let n = 0; ; n++)
    if (partitionOf(entityAddress({ name: 'counter', key: `k${n}` }), 2) === partition) return `k${n}`;
});

test('P5: a client opens one session in each partition that it sends to, numbers its messages, and ends it', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const { client } = around;
  for (let i = 0; i < 3; i++)
    await around.settle(Promise.all(keys.map((key) => client.callEntity(Counter, key).add(`s${i}`))));
  await around.settle(client.signalEntity(Counter, keys[0]!).add('signal'));
  await client.close();
  await around.advance(3_000);
  const numbers = [0, 1].map((partition) =>
    mailOf(around, partition).map(({ kind, number = 0 }) => `${kind} ${number}`),
  );
  const calls = ['hello 0', 'operation 1', 'operation 2', 'operation 3'];
  t.deepEqual(
    numbers.toSorted((a, b) => a.length - b.length),
    [
      [...calls, 'bye 4'],
      [...calls, 'operation 4', 'bye 5'],
    ],
  );
  const done = mailOf(around, 0).map((message) => message.done ?? []);
  t.deepEqual(done.flat(), [1, 2, 3]);
  await around.settle((await around.work('next', host())).stop());
  for (const partition of [0, 1]) {
    const { state } = around.hub.streams(partition);
    const pages = [...state.all()].filter(({ subject }) => subject.startsWith(`pd.test.${partition}.c.`));
    t.is(pages.length, 1, 'no drawer has sessions in it');
  }
});

test('P5: a retried call and a retried start return the first outcome, beyond the window of the server too', async (t) => {
  const faults = new SendFaults();
  const around = new Surroundings({ faults });
  await around.work('worker', host());
  const client = around.newClient('client', { timeoutInMilliseconds: HOUR });
  await around.settle(client.callEntity(Counter, 'k').add('before'));
  await around.settle(Promise.all(keys.map((key) => client.signalEntity(Counter, key).add('opens a session'))));
  faults.fault = 'responseLost'; // each copy is stored, and the client never learns
  const from = around.stored;
  const called = client.callEntity(Counter, 'k').add('once');
  const started = client.startNew(Idle, undefined, { instanceId: 'i' });
  await around.advance(5 * MINUTE);
  t.true(around.stored - from >= 3, 'copies were stored');
  faults.fault = 'none';
  t.is(await around.settle(called), 2);
  t.is((await around.settle(started)).instanceId, 'i');
  t.is(await around.settle(client.callEntity(Counter, 'k').add('after')), 3);
  const { entityState } = await around.settle(client.readEntityState(Counter, 'k'));
  t.deepEqual(entityState, { seen: ['before', 'once', 'after'] });
});

test('P5: a call whose answers are lost for minutes, through takeovers, returns its first outcome', async (t) => {
  let isMute = true;
  const faults: FaultPlan = {
    next: ({ connection, port, operation }) => {
      if (connection !== 'client' && port === 'bus') return isMute ? 'requestLost' : 'none';
      return connection === 'client' && operation === 'send' && isMute ? 'responseLost' : 'none';
    },
  };
  const around = new Surroundings({ faults });
  const client = around.newClient('client', { timeoutInMilliseconds: HOUR });
  let worker = await around.work('w0', host());
  const called = client.callEntity(Counter, 'k').add('once');
  const started = client.startNew(Idle, undefined, { instanceId: 'i' });
  for (let i = 1; i <= 3; i++) {
    await around.advance(MINUTE + 30_000);
    worker.connection.kill();
    worker = await around.work(`w${i}`, host());
  }
  isMute = false;
  t.is(await around.settle(called), 1);
  t.is((await around.settle(started)).instanceId, 'i');
  t.deepEqual((await around.settle(client.readEntityState(Counter, 'k'))).entityState, { seen: ['once'] });
});

test('P5: a hello that is lost, or whose answer is lost, is sent again, and the messages take effect once', async (t) => {
  for (const fault of ['requestLost', 'responseLost'] as const) {
    const faults = new SendFaults();
    const around = new Surroundings({ faults });
    await around.work('worker', host());
    faults.fault = fault;
    const called = around.client.callEntity(Counter, 'k').add('once');
    await around.advance(MINUTE);
    // Whoever is told the same session by the server goes on in it; beyond the window of the server it is another.
    faults.fault = 'none';
    t.is(await around.settle(called.catch(() => around.client.callEntity(Counter, 'k').add('again'))), 1);
    t.is(
      kinds(around, 0)
        .concat(kinds(around, 1))
        .filter((kind) => kind === 'hello').length,
      1,
    );
  }
});

test('P5: hellos stored twice, beyond the window of the server, make two sessions; one is used', async (t) => {
  const faults = new SendFaults();
  const around = new Surroundings({ faults });
  await around.work('worker', host());
  const client = around.newClient('client', { timeoutInMilliseconds: HOUR });
  faults.fault = 'responseLost';
  const called = client.callEntity(Counter, 'k').add('once');
  await around.advance(3 * MINUTE);
  faults.fault = 'none';
  t.is(await around.settle(called), 1);
  t.is(
    kinds(around, 0)
      .concat(kinds(around, 1))
      .filter((kind) => kind === 'hello').length,
    2,
  );
  t.is(await around.settle(client.callEntity(Counter, 'k').add('twice')), 2);
});

test('P5: a client that was silent for hours opens another session by itself', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const { client } = around;
  t.is(await around.settle(client.callEntity(Counter, 'k').add('before')), 1);
  await around.advance(2 * HOUR);
  t.is(await around.settle(client.callEntity(Counter, 'k').add('after')), 2);
  await around.settle(client.signalEntity(Counter, 'k').add('signal'));
  t.is(await around.settle(client.callEntity(Counter, 'k').add('and on')), 4);
});

test('P5: a message that was on its way while its process slept is not repeated and not guessed: its end is unknown', async (t) => {
  for (const isStored of [true, false]) {
    const faults = new SendFaults();
    const around = new Surroundings({ faults });
    await around.work('worker', host());
    const client = around.newClient('client', { timeoutInMilliseconds: Infinity });
    await around.settle(client.callEntity(Counter, 'k').add('before'));
    faults.fault = isStored ? 'responseLost' : 'requestLost';
    const signalled = client.signalEntity(Counter, 'k').add('asleep');
    await around.advance(2_000);
    faults.fault = 'requestLost'; // nothing of it is heard of for hours
    const other = around.newClient('other');
    for (let i = 0; i < 5; i++) {
      await around.advance(HOUR / 2);
      await around.settle(other.signalEntity(Counter, 'other').add('x'));
      await around.settle(other.signalEntity(Counter, 'k').add('x'));
    }
    faults.fault = 'none';
    const error = await rejection(around, () => signalled);
    t.is(error.code, 'PERDURE_SESSION_EXPIRED');
    t.is((error as unknown as { effect: string }).effect, 'unknown');
    await around.settle(client.signalEntity(Counter, 'k').add('awake'));
    const state = (await around.settle(client.readEntityState(Counter, 'k'))).entityState;
    t.deepEqual(
      state?.seen.filter((item) => item !== 'x'),
      ['before', ...(isStored ? ['asleep'] : []), 'awake'],
    );
  }
});

test('P5: a session that its owner gave up is told at the next call, and the one after that is in another', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const { client } = around;
  await around.settle(client.callEntity(Counter, 'k').add('before'));
  end(around, 0);
  end(around, 1);
  const error = await rejection(around, () => client.callEntity(Counter, 'k').add('lost'));
  t.is(error.code, 'PERDURE_SESSION_EXPIRED');
  t.is((error as unknown as { effect: string }).effect, 'none');
  t.is(await around.settle(client.callEntity(Counter, 'k').add('after')), 2);
  // A signal is stored before its owner sees it: the client hears of its refusal, and goes on in another session.
  end(around, 0);
  end(around, 1);
  await around.settle(client.signalEntity(Counter, 'k').add('refused'));
  await around.advance(100);
  await around.settle(client.signalEntity(Counter, 'k').add('signal'));
  t.is(await around.settle(client.callEntity(Counter, 'k').add('and on')), 4);
});

/** Ends all sessions of a partition as their clients could. */
function end(around: Surroundings, partition: number): void {
  const { mail } = around.hub.streams(partition);
  const { sessions } = partitionSubjects('test', partition);
  const stored = Array.from(mail.all());
  for (const { sequence, body } of stored) {
    const { kind, token } = JSON.parse(text.decode(body)) as { kind: string; token?: string };
    const bye = { v: 1, kind: 'bye', session: `${sequence}-${token}`, number: 1_000 };
    if (kind === 'hello') mail.store(sessions, new TextEncoder().encode(JSON.stringify(bye)), around.world.time);
  }
}

test('P5: a call that takes hours keeps its session, and its outcome comes', async (t) => {
  const around = new Surroundings();
  const worker = await around.work('worker', host());
  const client = around.newClient('patient', { timeoutInMilliseconds: Infinity });
  const other = around.newClient('other');
  const pause = (): Promise<void> =>
    new Promise((resolve) => worker.connection.clock.after(0.9 * HOUR, () => resolve()));
  pauses.set(1, pause());
  pauses.set(2, pauses.get(1)!.then(pause));
  await around.settle(other.signalEntity(Slow, 's').after(1));
  const called = client.callEntity(Slow, 's').after(2);
  for (let i = 0; i < 4; i++) {
    await around.advance(HOUR / 2);
    for (const key of keys) await around.settle(other.signalEntity(Counter, key).add('x'));
  }
  t.is(await around.settle(called), 2);
});

test('P5: more calls than an owner keeps outcomes for wait for each other, and all are answered', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const called = Array.from({ length: 2_500 }, (_, i) => around.client.callEntity(Counter, 'k').add(`c${i}`));
  const results = await around.settle(Promise.all(called));
  t.deepEqual(
    results,
    Array.from({ length: 2_500 }, (_, i) => i + 1),
  );
});

test('P5: a call that is late before it could be sent is not sent, and says so', async (t) => {
  const around = new Surroundings();
  const client = around.newClient('patient');
  const worker = await around.work('worker', host());
  await around.settle(client.callEntity(Counter, keys[0]!).add('before'));
  await around.settle(worker.stop());
  const calls = Promise.all(Array.from({ length: 1_000 }, (_, i) => client.callEntity(Counter, keys[0]!).add(`${i}`)));
  let n = 0;
  while (partitionOf(orchestrationAddress(`i${n}`), 2) !== 0) n++;
  const options = { instanceId: `i${n}`, timeoutInMilliseconds: 5_000 };
  const error = await rejection(around, () => client.startNew(Idle, undefined, options));
  t.is(error.code, 'PERDURE_TIMEOUT');
  t.regex(error.message, /Nothing was sent: earlier messages/);
  await around.work('next', host());
  t.is((await around.settle(calls)).at(-1), 1_001);
  t.is((await rejection(around, () => client.getHandle(options.instanceId).status())).code, 'PERDURE_NOT_FOUND');
});

test('P5: the outcome that a client has is no longer kept, also when it sends nothing more', async (t) => {
  const around = new Surroundings();
  const worker = await around.work('worker', host());
  const client: TaskHubClient = around.newClient('client');
  await around.settle(Promise.all(keys.map((key) => client.callEntity(Counter, key).add('x'))));
  await around.advance(3 * MINUTE);
  await around.settle(worker.stop());
  const pages = [0, 1].flatMap((partition) => [...around.hub.streams(partition).state.all()]);
  const checkpoints = pages.filter(({ subject }) => /\.c\.\d/.test(subject)).map(({ body }) => text.decode(body));
  t.true(checkpoints.length > 2);
  for (const checkpoint of checkpoints) t.false(checkpoint.includes('outcomes":[['), checkpoint);
});

test('P5: an outcome whose notice is lost is asked of an owner that is far away', async (t) => {
  let isLost = false;
  const isNotice = ({ connection, port }: PortCall): boolean => connection === 'worker' && port === 'bus';
  const around = new Surroundings({ faults: { next: (call) => (isLost && isNotice(call) ? 'requestLost' : 'none') } });
  const worker = await around.work('worker', host());
  worker.connection.distance = 390; // to the owner and back, and to the log and back: more than 1.5 s
  isLost = true;
  const called = around.client.callEntity(Counter, keys[0]!).add('x');
  await around.advance(3_000);
  isLost = false;
  t.is(await around.settle(called), 1);
});
