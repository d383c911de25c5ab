import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { EntityOperationFailedError, OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { Account, Counter, Hello, InsufficientFunds, Nap, Transfer } from '../engine/bank.js';
import { hostOf, MemoryWorker } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

const hello = ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'];

test('a started orchestration ends with its result, told and not asked for', async (t) => {
  const around = new Surroundings();
  await around.work();
  const handle = await around.settle(around.client.startNew(Hello));
  t.regex(handle.instanceId, /^[0-9A-Za-z]{22}$/);
  const began = around.world.time;
  t.deepEqual(await around.settle(handle.result()), hello);
  t.true(around.world.time - began < 100, 'no polling');
  const status = await around.settle(handle.status());
  t.like(status, { name: 'hello', runtimeStatus: 'Completed', source: 'owner', failure: undefined });
  t.deepEqual(status.output, hello);
  const history = await around.settle(handle.history());
  t.is(history[0]?.type, 'ExecutionStarted');
  t.is(history.at(-1)?.type, 'ExecutionCompleted');
});

test('an id that is in use is refused while its instance runs, and may be used again afterwards', async (t) => {
  const around = new Surroundings();
  await around.work();
  const start = () => around.client.startNew(Nap, 5_000, { instanceId: 'once' });
  const first = await around.settle(start());
  const error = await rejection(around, start);
  t.is(error.code, 'PERDURE_INSTANCE_EXISTS');
  t.is(await around.settle(first.result()), 'rested');
  const again = await around.settle(start());
  t.is((await around.settle(again.status())).runtimeStatus, 'Running');
  t.is(await around.settle(around.client.getHandle(Nap, 'once').result()), 'rested');
});

test('a result that was told while nobody listened is found by looking again', async (t) => {
  const faults: FaultPlan = {
    next: ({ connection, port }: PortCall): Fault =>
      connection === 'worker' && port === 'bus' && isMute ? 'requestLost' : 'none',
  };
  let isMute = false;
  const around = new Surroundings({ faults });
  await around.work();
  const handle = await around.settle(around.client.startNew(Hello));
  isMute = true;
  await around.advance(500);
  isMute = false;
  t.deepEqual(await around.settle(handle.result()), hello);
});

test('a call returns the committed result, and a failed one tells what was thrown', async (t) => {
  const around = new Surroundings();
  await around.work();
  const account = around.client.callEntity(Account, 'alice');
  t.is(await around.settle(account.deposit({ amount: 5 })), 5);
  const error = await rejection(around, () => account.withdraw({ amount: 6 }));
  t.true(error instanceof EntityOperationFailedError);
  t.true((error as EntityOperationFailedError).isCausedBy(InsufficientFunds));
  t.is(await around.settle(account.balance()), 5);
  t.is(await around.settle(around.client.callEntity<number>('account', 'alice', 'balance')), 5);
});

test('calls to several partitions at once get each its own answer', async (t) => {
  const around = new Surroundings();
  await around.work();
  // The first messages of a new hub: the sequences of the mail, and so of the hellos, are the same in each partition.
  for (let round = 1; round <= 3; round++) {
    const calls = [10, 20, 30, 40, 50, 60].map((amount) =>
      around.client.callEntity(Account, `of ${amount}`).deposit({ amount }),
    );
    t.deepEqual(
      await around.settle(Promise.all(calls)),
      [10, 20, 30, 40, 50, 60].map((amount) => round * amount),
    );
  }
});

test('a call whose answer was lost with its worker gets its one outcome from the next worker', async (t) => {
  let isMute = false;
  const faults: FaultPlan = {
    next: ({ connection, port }) => (isMute && connection === 'worker' && port === 'bus' ? 'requestLost' : 'none'),
  };
  const around = new Surroundings({ faults });
  const worker = await around.work();
  isMute = true;
  const called = around.client.callEntity(Counter, 'k').add('one');
  await around.advance(500);
  worker.connection.kill();
  await around.work('successor');
  t.is(await around.settle(called), 1);
  const { entityState } = await around.settle(around.client.readEntityState(Counter, 'k'));
  t.deepEqual(entityState, { seen: ['one'] });
});

test('signals of one client arrive in the order of the calls, each once, also when sends are lost or unanswered', async (t) => {
  let drawn = 0;
  const faults: FaultPlan = {
    next: ({ connection, operation }) => {
      if (connection !== 'client' || operation !== 'send') return 'none';
      drawn++;
      return drawn % 5 === 1 ? 'requestLost' : drawn % 5 === 3 ? 'responseLost' : 'none';
    },
  };
  const around = new Surroundings({ faults });
  await around.work();
  const ids = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const signal = (id: string) => around.client.signalEntity(Counter, 'k').add(id);
  for (const id of ids.slice(0, 10)) await around.settle(signal(id));
  await around.settle(Promise.all(ids.slice(10).map(signal)));
  await around.advance(200);
  const { entityState } = await around.settle(around.client.readEntityState(Counter, 'k'));
  t.deepEqual(entityState, { seen: ids });
  t.true(drawn > 12, 'some were sent again');
});

test('states are exact with a worker; without one they are read from what it left, and said to be', async (t) => {
  const around = new Surroundings();
  const worker = await around.work();
  await around.settle(around.client.signalEntity(Account, 'alice').deposit({ amount: 5 }));
  const read = () => around.settle(around.client.readEntityState(Account, 'alice'));
  t.deepEqual(await read(), { entityExists: true, entityState: { balance: 5, operations: 1 }, source: 'owner' });
  t.deepEqual(await around.settle(around.client.readEntityState(Account, 'nobody')), {
    entityExists: false,
    entityState: undefined,
    source: 'owner',
  });
  const handle = await around.settle(around.client.startNew(Hello));
  await around.settle(handle.result());
  await around.settle(worker.stop());
  t.deepEqual(await read(), { entityExists: true, entityState: { balance: 5, operations: 1 }, source: 'view' });
  const status = await around.settle(handle.status());
  t.is(status.source, 'view');
  t.deepEqual(status.output, hello);
});

test('without a worker starts and signals are stored, and calls end with what is known', async (t) => {
  const around = new Surroundings();
  const client = around.newClient('patient', { timeoutInMilliseconds: 2_000 });
  const error = await rejection(around, () => client.callEntity(Account, 'alice').deposit({ amount: 5 }));
  t.is(error.code, 'PERDURE_TIMEOUT');
  t.regex(error.message, /It is stored, and will be carried out as soon as a worker takes it/);
  const handle = await around.settle(client.startNew(Hello));
  t.is((await around.settle(handle.status())).runtimeStatus, 'Pending');
  const late = await rejection(around, () => handle.result({ timeoutInMilliseconds: 1_000 }));
  t.is(late.code, 'PERDURE_TIMEOUT');
  await around.work();
  t.deepEqual(await around.settle(handle.result()), hello);
  const { entityState } = await around.settle(client.readEntityState(Account, 'alice'));
  t.like(entityState, { balance: 5 });
});

@Orchestrator('waiting')
class Waiting {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<unknown[]> {
    const first = yield* context.waitForExternalEvent('Go');
    return [first, yield* context.waitForExternalEvent('Go')];
  }
}

test('external events arrive in order; an instance that does not exist is told', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hostOf({ orchestrators: [Waiting] }));
  const handle = await around.settle(around.client.startNew(Waiting, undefined, { instanceId: 'w' }));
  await around.settle(Promise.all([handle.raiseEvent('Go', { n: 1 }), around.client.raiseEvent('w', 'go', 2)]));
  t.deepEqual(await around.settle(handle.result()), [{ n: 1 }, 2]);
  const error = await rejection(around, () => around.client.raiseEvent('nobody', 'Go'));
  t.is(error.code, 'PERDURE_NOT_FOUND');
  t.is((await rejection(around, () => around.client.getHandle('nobody').result())).code, 'PERDURE_NOT_FOUND');
});

test('values are copies: nothing a caller does to one reaches the hub', async (t) => {
  const around = new Surroundings();
  await around.work();
  const request = { from: 'a', to: 'b', amount: 1 };
  await around.settle(around.client.signalEntity(Account, 'a').deposit({ amount: 5 }));
  const started = around.client.startNew(Transfer, request);
  request.amount = 1_000;
  t.is(await around.settle((await around.settle(started)).result()), 4);
  const read = async () => (await around.settle(around.client.readEntityState(Account, 'a'))).entityState!;
  const state = await read();
  state.balance = 99;
  t.is((await read()).balance, 4);
});

test('a closed client and an aborted wait reject what waits, and nothing else', async (t) => {
  const around = new Surroundings();
  await around.work();
  const handle = await around.settle(around.client.startNew(Nap, 60_000, { instanceId: 'long' }));
  const abort = new AbortController();
  const aborted = rejection(around, () => handle.result({ signal: abort.signal }));
  abort.abort(new RangeError('enough'));
  t.is((await aborted).message, 'enough');
  const closed = rejection(around, () => handle.result());
  await around.client.close();
  t.is((await closed).code, 'PERDURE_CLOSED');
  const other = around.newClient('other');
  t.is((await around.settle(other.getHandle(Nap, 'long').status())).runtimeStatus, 'Running');
});

test('a worker that is replaced while clients call loses none of them', async (t) => {
  const around = new Surroundings();
  const workers: MemoryWorker[] = [await around.work('w0')];
  const calls = Array.from({ length: 30 }, (_, i) => around.client.callEntity(Counter, `k${i % 3}`).add(`c${i}`));
  for (let i = 1; i < 4; i++) {
    await around.advance(1);
    workers.at(-1)!.connection.kill();
    workers.push(await around.work(`w${i}`));
  }
  const results = await around.settle(Promise.all(calls));
  t.deepEqual(
    results.toSorted((a, b) => a - b),
    Array.from({ length: 30 }, (_, i) => 1 + Math.floor(i / 3)),
  );
});

test('an error that its caller does not await ends the process, as any other', async (t) => {
  const forgetful = (call: string) => `
    import { Surroundings } from './build/test/client/surroundings.js';
    import { Account } from './build/test/engine/bank.js';
    const around = new Surroundings();
    await around.work();
    ${call};
    setTimeout(() => console.log('unnoticed'), 1_000);`;
  for (const call of [
    "around.client.signalEntity(Account, 'a').deposit({ amount: -1 })",
    "around.client.callEntity(Account, 'a').deposit({ amount: -1 })",
  ]) {
    const args = ['--input-type=module', '--eval', forgetful(call)];
    const { stdout, stderr } = (await t.throwsAsync(promisify(execFile)(process.execPath, args))) as Error & {
      stdout: string;
      stderr: string;
    };
    t.is(stdout, '', call);
    t.regex(stderr, /PERDURE_INVALID_INPUT/);
  }
});

test('the first calls of a client to several partitions are not taken for each other', async (t) => {
  const around = new Surroundings();
  await around.work();
  for (const name of ['one', 'two', 'three']) {
    const client = around.newClient(name);
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const calls = Promise.all(
      keys.map((key, n) => client.callEntity(Account, `${name}${key}`).deposit({ amount: n + 1 })),
    );
    t.deepEqual(await around.settle(calls), [1, 2, 3, 4, 5, 6]);
  }
});
