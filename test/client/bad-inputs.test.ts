import test, { type ExecutionContext } from 'ava';
import { defineOrchestrator, OrchestrationContext, type Orchestration, type OrchestrationFailedError } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { Account, Counter, Hello, Nap, Transfer } from '../engine/bank.js';
import { hostOf } from '../engine/surroundings.js';
import { badIds, badValues, deep, oddKeys } from './bad-rows.js';
import { rejection, Surroundings } from './surroundings.js';

/** Rows of the catalogue of bad inputs at the client's doors: refused with a typed error, nothing stored, all goes on. */

async function refused(t: ExecutionContext, around: Surroundings, code: string, call: () => unknown): Promise<Error> {
  const before = around.stored;
  const error = await rejection(around, call);
  t.is(error.code, code, error.message);
  await around.advance(50);
  t.is(around.stored, before, 'nothing was stored');
  return error;
}

async function goesOn(
  t: ExecutionContext,
  { client, settle }: { client: Surroundings['client']; settle: Surroundings['settle'] },
) {
  const balance = await settle(client.callEntity(Account, 'steady').deposit({ amount: 1 }));
  t.true(balance >= 1);
}

async function withWorker(): Promise<Surroundings> {
  const around = new Surroundings();
  await around.work();
  return around;
}

const bound = (around: Surroundings) => ({
  client: around.client,
  settle: <T>(promise: Promise<T>): Promise<T> => around.settle(promise),
});

test('rows 28-43: a value that cannot be stored is refused at every door', async (t) => {
  const around = await withWorker();
  await around.settle(around.client.startNew(Nap, 3_600_000, { instanceId: 'there' }));
  for (const [row, value, code] of badValues) {
    await t.notThrowsAsync(async () => {
      await refused(t, around, code, () => around.client.callEntity('counter', 'k', 'add', value()));
      await refused(t, around, code, () => around.client.signalEntity('counter', 'k', 'add', value()));
      await refused(t, around, code, () => around.client.startNew('hello', value()));
      await refused(t, around, code, () => around.client.raiseEvent('there', 'Go', value()));
    }, `row ${row}`);
    await goesOn(t, bound(around));
  }
  t.false('isAdmin' in {});
});

test('rows 1-22: an id that is none is refused at every door', async (t) => {
  const around = await withWorker();
  for (const [row, id] of badIds) {
    const key = id as string;
    await t.notThrowsAsync(async () => {
      await refused(t, around, 'PERDURE_INVALID_ID', () => around.client.callEntity(Counter, key).add('x'));
      await refused(t, around, 'PERDURE_INVALID_ID', () => around.client.signalEntity('counter', key, 'add', 'x'));
      await refused(t, around, 'PERDURE_INVALID_ID', () => around.client.readEntityState(Counter, key));
      await refused(t, around, 'PERDURE_INVALID_ID', () =>
        around.client.startNew(Hello, undefined, { instanceId: key }),
      );
      await refused(t, around, 'PERDURE_INVALID_ID', () => around.client.getHandle(key));
    }, `row ${row}`);
  }
  await refused(t, around, 'PERDURE_INVALID_ID', () => around.client.getHandle('@counter@1')); // 21
  await goesOn(t, bound(around));
});

test('rows 2-5, 13, 14, 17: odd ids are accepted, and each is an entity of its own', async (t) => {
  const around = await withWorker();
  for (const key of oddKeys) t.is(await around.settle(around.client.callEntity(Counter, key).add(key)), 1, key);
  for (const key of oddKeys) {
    const { entityState } = await around.settle(around.client.readEntityState(Counter, key));
    t.deepEqual(entityState, { seen: [key] });
  }
});

test('rows 19, 20, 25-27: names that nobody registered are refused, with those that are there', async (t) => {
  const around = await withWorker();
  for (const name of ['Counter.x', '$JS', ''])
    await refused(t, around, 'PERDURE_INVALID_NAME', () => around.client.signalEntity(name, 'k', 'add'));
  const unknown = await refused(t, around, 'PERDURE_UNKNOWN_ENTITY', () =>
    around.client.signalEntity('nobody', 'k', 'add'),
  );
  t.regex(unknown.message, /registered are: account, counter/);
  for (const operation of ['constructor', 'toString', '__proto__', 'hasOwnProperty', '_private', '#x', 'missing'])
    await refused(t, around, 'PERDURE_UNKNOWN_OPERATION', () => around.client.callEntity('counter', 'k', operation));
  await refused(t, around, 'PERDURE_INVALID_NAME', () => around.client.callEntity('counter', 'k', 'x'.repeat(10_240)));
  await refused(t, around, 'PERDURE_UNKNOWN_ORCHESTRATOR', () => around.client.startNew('nobody'));
  await refused(t, around, 'PERDURE_UNKNOWN_OPERATION', () =>
    (around.client.callEntity(Counter, 'k') as unknown as { state(): unknown }).state(),
  );
  await goesOn(t, bound(around));
});

test('an input that does not fit its DTO class is refused with the path of each violation', async (t) => {
  const around = await withWorker();
  const bad = { from: 1, amount: 0.5, extra: true } as unknown as { from: string; to: string; amount: number };
  const error = await refused(t, around, 'PERDURE_INVALID_INPUT', () => around.client.startNew(Transfer, bad));
  for (const path of ['$.from', '$.to', '$.amount', '$.extra']) t.true(error.message.includes(`${path}: `), path);
  await refused(t, around, 'PERDURE_INVALID_INPUT', () =>
    around.client.callEntity(Account, 'a').deposit({ amount: -1 }),
  );
  const named = await rejection(around, () => around.client.callEntity('account', 'a', 'deposit', { amount: -1 }));
  t.is((named as OrchestrationFailedError).failureDetails.code, 'PERDURE_INVALID_INPUT', 'by name, the worker refuses');
  await goesOn(t, bound(around));
});

@Entity('broken')
class Broken {
  state: { value: unknown } = { value: 'kept' };
  @Operation({ input: String }) keep(value: string): void {
    this.state.value = value;
  }
  @Operation({ input: String }) spoil(how: string): void {
    this.state.value = how === 'bigint' ? 1n : how === 'nan' ? NaN : how === 'map' ? new Map([[1, 1]]) : deep(300);
  }
}

test('row 44: a state that cannot be stored fails its operation, and the old one stays', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hostOf({ entities: [Broken, Account] }));
  await around.settle(around.client.signalEntity(Broken, 'k').spoil('bigint'));
  for (const how of ['bigint', 'nan', 'map', 'deep']) {
    const error = await rejection(around, () => around.client.callEntity(Broken, 'k').spoil(how));
    t.is(error.code, 'PERDURE_ENTITY_OPERATION_FAILED');
    t.regex((error as OrchestrationFailedError).failureDetails.code ?? '', /UNSERIALIZABLE|TOO_DEEP/);
  }
  t.false((await around.settle(around.client.readEntityState(Broken, 'k'))).entityExists);
  await around.settle(around.client.callEntity(Broken, 'old').keep('old'));
  for (const how of ['bigint', 'nan', 'map', 'deep'])
    await rejection(around, () => around.client.callEntity(Broken, 'old').spoil(how));
  t.deepEqual((await around.settle(around.client.readEntityState(Broken, 'old'))).entityState, { value: 'old' });
  await goesOn(t, bound(around));
});

test('IllegalAwait: whatever is no task fails the instance that waits for it, and no other', async (t) => {
  // As a JavaScript user writes them: with the types of the package neither compiles.
  class Promised {
    *run(): Generator<unknown> {
      yield Promise.reject(new Error('foreign'));
    }
  }
  class Numbered {
    *run(): Generator<unknown> {
      yield 42;
    }
  }
  defineOrchestrator(Promised, { name: 'promise' });
  defineOrchestrator(Numbered, { name: 'number' });
  const around = new Surroundings();
  await around.work('worker', hostOf({ orchestrators: [Promised, Numbered], entities: [Account] }));
  for (const name of ['promise', 'number']) {
    const handle = await around.settle(around.client.startNew(name));
    const error = await rejection(around, () => handle.result());
    t.is(error.code, 'PERDURE_ORCHESTRATION_FAILED');
    t.is((error as OrchestrationFailedError).failureDetails.code, 'PERDURE_ILLEGAL_AWAIT', error.message);
  }
  await goesOn(t, bound(around));
});

@Orchestrator('caller')
class Caller {
  @Run({ input: String }) *run(what: string, context: OrchestrationContext): Orchestration<unknown> {
    if (what === 'activity') return yield* context.callActivity('nobody', 1);
    if (what === 'entity') return yield* context.callEntity('nobody', 'k', 'add', 1);
    return yield* context.callSubOrchestrator('nobody', 1);
  }
}

test('rows 25-27: entities, orchestrators and activities that nobody registered are waited for, and told of', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hostOf({ orchestrators: [Caller], entities: [Account] }));
  for (const what of ['entity', 'child', 'activity']) {
    const waiting = await around.settle(around.client.startNew(Caller, what));
    await around.advance(60_000);
    t.is((await around.settle(waiting.status())).runtimeStatus, 'Running');
  }
  const { names } = await around.settle(around.client.namesWithoutWorker());
  t.deepEqual(
    names.filter(({ waitingInstances }) => waitingInstances > 0),
    [
      { kind: 'activity', name: 'nobody', waitingInstances: 1 },
      { kind: 'entity', name: 'nobody', waitingInstances: 1 },
      { kind: 'orchestrator', name: 'nobody', waitingInstances: 1 },
    ],
  );
  await goesOn(t, bound(around));
});
