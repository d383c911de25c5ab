import test, { type ExecutionContext } from 'ava';
import type { EntityContext } from '../../lib/index.js';
import { nextTime } from '../../lib/core/reminder-changes.js';
import { EntityExecutor } from '../../lib/core/entity-executor.js';
import type { OperationOutcome } from '../../lib/core/operation.js';
import type { EntityProgram } from '../../lib/core/programs.js';
import type { Constructor, Json } from '../../lib/core/values.js';
import { Account, dependencies } from './surroundings.js';

type Handlers = Record<string, (input: never, ctx: EntityContext) => unknown>;

/** A class as an entity: all its methods are operations, those whose name begins with `read` are readonly. */
function entity(type: Constructor<{ state: unknown }>, state?: Json): EntityExecutor {
  const names = Object.getOwnPropertyNames(type.prototype).filter((name) => name !== 'constructor');
  const program: EntityProgram = {
    name: 'test',
    stateVersion: 1,
    create: () => new type(),
    operationNames: names,
    operation: (name) =>
      names.includes(name)
        ? {
            name,
            isReadonly: name.startsWith('read'),
            isAsync: false,
            timeoutInMilliseconds: 60_000,
            invoke: (target, input, ctx) =>
              (target as Handlers)[name]?.call(target, structuredClone(input) as never, ctx),
          }
        : undefined,
  };
  const executor = new EntityExecutor(program, { name: 'test', key: 'k' }, dependencies);
  executor.load(state);
  return executor;
}

/** Runs a synchronous operation: its outcome must be there at once. */
function run(executor: EntityExecutor, name: string, input?: Json): OperationOutcome {
  const outcome = executor.execute({ name, input, at: 1_000 });
  if (outcome instanceof Promise) throw new Error('asynchronous');
  return outcome;
}

function failsUnchanged(t: ExecutionContext, outcome: OperationOutcome, state: Json | undefined): string | undefined {
  const { failure, ...rest } = outcome;
  t.deepEqual(rest, { changed: false, state, messages: [] });
  t.truthy(failure);
  return failure?.code ?? failure?.message;
}

class Counter {
  state = { total: 0, log: [] as number[] };
  #calls = 0;
  static leaked: Counter['state'];
  add(amount: number): number {
    this.state.log.push(amount);
    return (this.state.total += amount);
  }
  addThenThrow(amount: number, ctx: EntityContext): never {
    this.add(amount);
    ctx.signalEntity(Account, 'a').deposit({ amount });
    throw new RangeError('rolled back');
  }
  all() {
    Counter.leaked = this.state;
    return this.state;
  }
  same(): void {
    this.state.total = this.state.total + 0;
  }
  calls(): number {
    return (this.#calls += 1);
  }
  unstorable(): void {
    Object.assign(this.state, { f: () => 1 });
  }
  unstorableResult() {
    this.state.total = 99;
    return { f: () => 1 };
  }
  circle(): void {
    Object.assign(this.state, { self: this.state });
  }
  replace(total: number): void {
    this.state = { ...this.state, total };
  }
  forget(): void {
    this.state = undefined as never;
  }
  readTotal(): number {
    return this.state.total;
  }
  readAndChange(): void {
    this.state.total = 99;
  }
  readAndReplace(): void {
    this.state = { total: 99, log: [] };
  }
  readAndReplaceAlike(): void {
    this.state = { ...this.state };
  }
  readAndDelete(_: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
  readAndSignal(_: void, ctx: EntityContext): void {
    ctx.signalEntity(Account, 'a').deposit({ amount: 1 });
  }
  tell(amount: number, ctx: EntityContext): unknown {
    const input = { amount };
    ctx.signalEntity(Account, 'a').deposit(input);
    input.amount = 0;
    ctx.signalEntity('other', 'b', 'ping');
    return [ctx.entityId, ctx.operationName, ctx.currentUtcDateTime.getTime()];
  }
}

const fresh = { total: 0, log: [] };

test('an operation changes the state and gives its result', (t) => {
  const counter = entity(Counter);
  t.deepEqual(run(counter, 'add', 2), { result: 2, changed: true, state: { total: 2, log: [2] }, messages: [] });
  t.deepEqual(run(counter, 'add', 3), { result: 5, changed: true, state: { total: 5, log: [2, 3] }, messages: [] });
});

test('a stored state is gone on with', (t) => {
  t.deepEqual(run(entity(Counter, { total: 7, log: [7] }), 'add', 1).state, { total: 8, log: [7, 1] });
});

test('the first operation that ends well makes the entity exist; one that changes nothing later is no change', (t) => {
  const counter = entity(Counter);
  t.deepEqual(run(counter, 'same'), { changed: true, state: fresh, messages: [] });
  t.deepEqual(run(counter, 'same'), { changed: false, state: fresh, messages: [] });
});

test('an entity whose operations only failed or read does not exist', (t) => {
  const counter = entity(Counter);
  failsUnchanged(t, run(counter, 'addThenThrow', 1), undefined);
  t.deepEqual(run(counter, 'readTotal'), { result: 0, changed: false, state: undefined, messages: [] });
});

test('a throw discards the changes and the messages of its operation alone', (t) => {
  const counter = entity(Counter);
  run(counter, 'add', 1);
  t.is(failsUnchanged(t, run(counter, 'addThenThrow', 5), { total: 1, log: [1] }), 'rolled back');
  t.deepEqual(run(counter, 'add', 1).state, { total: 2, log: [1, 1] });
});

test('an operation may return its draft, which is dead afterwards', (t) => {
  const counter = entity(Counter);
  run(counter, 'add', 1);
  t.deepEqual(run(counter, 'all').result, { total: 1, log: [1] });
  t.throws(() => (Counter.leaked.total = 99), { instanceOf: TypeError });
  t.is(run(counter, 'readTotal').result, 1);
});

test('private members work, and live for one operation', (t) => {
  const counter = entity(Counter);
  t.is(run(counter, 'calls').result, 1);
  t.is(run(counter, 'calls').result, 1);
});

test('code that goes on after its operation has ended reaches no later one', async (t) => {
  const faults: unknown[] = [];
  let goOn = (): void => {};
  const late = new Promise<void>((resolve) => (goOn = resolve));
  class Leaky {
    state = { n: 0 };
    async fail(): Promise<void> {
      void late.then(() => (this.state.n += 1_000)).catch((error: unknown) => faults.push(error));
      throw new Error('rolled back');
    }
    leave(): void {
      void late.then(() => (this.state.n += 100)).catch((error: unknown) => faults.push(error));
      this.state.n += 1;
    }
    async wait(): Promise<number> {
      goOn();
      for (let i = 0; i < 5; i++) await Promise.resolve();
      return (this.state.n += 1);
    }
  }
  const leaky = entity(Leaky);
  await leaky.execute({ name: 'fail', input: undefined, at: 1 });
  run(leaky, 'leave');
  const outcome = await leaky.execute({ name: 'wait', input: undefined, at: 1 });
  t.deepEqual(outcome, { result: 2, changed: true, state: { n: 2 }, messages: [] });
  t.is(faults.length, 2);
});

test('an unknown operation fails with the names of those that are there', (t) => {
  const counter = entity(Counter);
  for (const name of ['nothing', 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const outcome = run(counter, name);
    t.is(failsUnchanged(t, outcome, undefined), 'PERDURE_UNKNOWN_OPERATION');
    t.true(outcome.failure?.message.includes('add, addThenThrow'));
  }
});

test('a state or a result that cannot be stored fails the operation, and the old state stays', (t) => {
  const counter = entity(Counter, { total: 1, log: [] });
  for (const name of ['unstorable', 'unstorableResult', 'circle'])
    failsUnchanged(t, run(counter, name), { total: 1, log: [] });
  t.deepEqual(run(counter, 'add', 1).state, { total: 2, log: [1] });
});

test('the state may be assigned anew, with parts of the old one', (t) => {
  const counter = entity(Counter, { total: 1, log: [1] });
  t.deepEqual(run(counter, 'replace', 5), { changed: true, state: { total: 5, log: [1] }, messages: [] });
  t.deepEqual(run(counter, 'replace', 5), { changed: false, state: { total: 5, log: [1] }, messages: [] });
  t.deepEqual(run(counter, 'add', 1).state, { total: 6, log: [1, 1] });
});

test('an undefined state deletes the entity; the next operation starts from the initial one', (t) => {
  const counter = entity(Counter, { total: 1, log: [1] });
  t.deepEqual(run(counter, 'forget'), { changed: true, state: undefined, messages: [] });
  t.deepEqual(run(counter, 'add', 1).state, { total: 1, log: [1] });
});

class Visit {
  state = { visits: 0 };
  come(_: void, ctx: EntityContext): boolean {
    this.state.visits++;
    return ctx.isNewlyConstructed;
  }
  end(visits: number, ctx: EntityContext): boolean {
    ctx.signalEntity(Account, 'a').deposit({ amount: 1 });
    ctx.deleteState();
    this.state = { visits };
    return ctx.isNewlyConstructed;
  }
  endThenThrow(_: void, ctx: EntityContext): void {
    ctx.deleteState();
    throw new Error('no');
  }
  readIsNew(_: void, ctx: EntityContext): boolean {
    return ctx.isNewlyConstructed;
  }
}

test('an operation knows whether the entity is new', (t) => {
  const visit = entity(Visit);
  const told = ['readIsNew', 'readIsNew', 'come', 'come', 'readIsNew'].map((name) => run(visit, name).result);
  t.deepEqual(told, [true, true, true, false, false]);
});

test('deleteState deletes the entity when the operation ends well, whatever else that does; the next one finds it new', (t) => {
  const visit = entity(Visit, { visits: 7 });
  t.is(failsUnchanged(t, run(visit, 'endThenThrow'), { visits: 7 }), 'no');
  const end = run(visit, 'end', 99);
  t.like(end, { result: false, changed: true, state: undefined });
  t.is(end.messages.length, 1);
  t.like(run(visit, 'end', 99), { result: true, changed: false, state: undefined });
  t.deepEqual(run(visit, 'come'), { result: true, changed: true, state: { visits: 1 }, messages: [] });
});

test('committed states are frozen copies that share nothing with later ones', (t) => {
  const counter = entity(Counter);
  const first = run(counter, 'add', 1).state as typeof fresh;
  run(counter, 'add', 2);
  t.deepEqual(first, { total: 1, log: [1] } as never);
  t.true(Object.isFrozen(first) && Object.isFrozen(first.log));
});

test('messages are copied at the call and leave in order when the operation ends well', (t) => {
  t.deepEqual(run(entity(Counter), 'tell', 5), {
    result: [{ name: 'test', key: 'k' }, 'tell', 1_000],
    changed: true,
    state: fresh,
    messages: [
      { type: 'signal', entity: { name: 'account', key: 'a' }, operation: 'deposit', input: { amount: 5 } },
      { type: 'signal', entity: { name: 'other', key: 'b' }, operation: 'ping' },
    ],
  });
});

test('a readonly operation can neither change the state nor send', (t) => {
  const counter = entity(Counter, { total: 1, log: [] });
  const state = { total: 1, log: [] };
  t.is(failsUnchanged(t, run(counter, 'readAndChange'), state), 'PERDURE_READONLY_OPERATION');
  t.is(failsUnchanged(t, run(counter, 'readAndReplace'), state), 'PERDURE_READONLY_OPERATION');
  t.is(failsUnchanged(t, run(counter, 'readAndDelete'), state), 'PERDURE_READONLY_OPERATION');
  t.is(run(counter, 'readAndReplaceAlike').failure, undefined);
  t.is(failsUnchanged(t, run(counter, 'readAndSignal'), { total: 1, log: [] }), 'PERDURE_DEFINITION');
  t.is(run(counter, 'readTotal').result, 1);
});

for (const [what, initial, input, next] of [
  ['a number', 0, 5, 5],
  ['a text', '', 'x', 'x'],
  ['a truth value', true, false, false],
  ['null', 1, null, null],
  ['a list', [1], [1, 2], [1, 2]],
] as readonly (readonly [string, Json, Json, Json])[])
  test(`the state may be ${what}`, (t) => {
    class Holder {
      state: unknown = initial;
      set(value: Json): void {
        this.state = value;
      }
    }
    const holder = entity(Holder);
    t.deepEqual(run(holder, 'set', input), { changed: true, state: next, messages: [] });
    t.deepEqual(run(holder, 'set', input), { changed: false, state: next, messages: [] });
  });

test('an initial state that cannot be stored fails every operation', (t) => {
  class Wrong {
    state = { f: () => 1 };
    touch(): void {}
  }
  t.is(failsUnchanged(t, run(entity(Wrong), 'touch'), undefined), 'PERDURE_UNSERIALIZABLE');
});

test('objects of classes inside the state are plain JSON after the commit', (t) => {
  class Item {
    constructor(readonly price: number) {}
    double(): number {
      return 2 * this.price;
    }
  }
  class Cart {
    state = { items: [] as Item[] };
    add(price: number): number {
      this.state.items.push(new Item(price));
      return this.state.items.length;
    }
    isPlain(): boolean {
      return this.state.items.every((item) => item.double === undefined);
    }
  }
  const cart = entity(Cart);
  t.deepEqual(run(cart, 'add', 5).state, { items: [{ price: 5 }] });
  t.true(run(cart, 'isPlain').result);
});

// ---- asynchronous operations -----------------------------------------------------------------------------------------

class Remote {
  state = { value: 0 };
  static draft: Remote['state'];
  static ctx: EntityContext;
  async set(value: number, ctx: EntityContext): Promise<number> {
    Remote.draft = this.state;
    Remote.ctx = ctx;
    await Promise.resolve();
    this.state.value = value;
    ctx.signalEntity(Account, 'a').deposit({ amount: value });
    return value;
  }
  async setThenThrow(value: number): Promise<void> {
    await Promise.resolve();
    this.state.value = value;
    throw new Error('rejected');
  }
  thenable(value: number): PromiseLike<number> {
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what this test is about
    return { then: (resolve) => Promise.resolve(resolve?.(value) as never) };
  }
  readValue(): number {
    return this.state.value;
  }
}

test('an asynchronous operation commits when it resolves; its draft and its context are dead afterwards', async (t) => {
  const remote = entity(Remote, { value: 1 });
  const pending = remote.execute({ name: 'set', input: 5, at: 0 });
  t.is(run(remote, 'readValue').result, 1); // reads see what is committed
  const deposit = { type: 'signal', entity: { name: 'account', key: 'a' }, operation: 'deposit', input: { amount: 5 } };
  t.deepEqual((await pending) as unknown, { result: 5, changed: true, state: { value: 5 }, messages: [deposit] });
  t.throws(() => (Remote.draft.value = 99), { instanceOf: TypeError });
  t.throws(() => Remote.ctx.signalEntity('account', 'a', 'deposit'), { code: 'PERDURE_CLOSED' });
  t.is(run(remote, 'readValue').result, 5);
});

test('an asynchronous operation that rejects changes nothing', async (t) => {
  const remote = entity(Remote, { value: 1 });
  const outcome = await remote.execute({ name: 'setThenThrow', input: 5, at: 0 });
  t.is(failsUnchanged(t, outcome, { value: 1 }), 'rejected');
  t.is(run(remote, 'readValue').result, 1);
});

test('row 48: a thenable is awaited once and its result encoded', async (t) => {
  const outcome = await entity(Remote, { value: 1 }).execute({ name: 'thenable', input: 5, at: 0 });
  t.deepEqual(outcome, { result: 5, changed: false, state: { value: 1 }, messages: [] });
});

test('objects that user code puts into the state stay its own', (t) => {
  const mine = { a: 1 };
  class Keeper {
    state = { kept: {} as object };
    keep(): void {
      this.state.kept = mine;
    }
  }
  const keeper = entity(Keeper);
  const { state } = run(keeper, 'keep');
  mine.a = 2;
  t.deepEqual(state, { kept: { a: 1 } });
});

// ---- what an operation asks for beside its state -----------------------------------------------------------------------

class Asker {
  state = 0;
  ask(_: void, ctx: EntityContext): string[] {
    ctx.signalEntity(Account, 'a', { signalAt: 500 }).deposit({ amount: 1 });
    ctx.raiseEvent('i', 'word', { a: 1 });
    const ids = [ctx.startNew('hello', 5, { instanceId: 'own', startAt: new Date(9_000) }), ctx.startNew('hello')];
    ctx.setReminder('tick', { operation: 'ask', everyInMilliseconds: 100.5, firstTime: new Date(2_000) });
    ctx.setReminder('gone', { firstTime: 10 });
    return [
      ...ids,
      ...ctx.reminders.map(({ name }) => name),
      String(ctx.cancelReminder('gone')),
      String(ctx.cancelReminder('?')),
    ];
  }
  end(_: void, ctx: EntityContext): void {
    ctx.setReminder('late', { firstTime: 10 });
    ctx.deleteState();
  }
  wrong(which: number, ctx: EntityContext): void {
    [
      () => ctx.setReminder('', { firstTime: 1 }),
      () => ctx.setReminder('x', {}),
      () => ctx.setReminder('x', { everyInMilliseconds: 0 }),
      () => ctx.setReminder('x', { firstTime: -1 }),
      () => ctx.setReminder('x', { firstTime: 1, input: 'x'.repeat(70_000) }),
      () => {
        for (const name of ['x', 'x', 'y']) ctx.setReminder(name, { firstTime: 1, input: 'x'.repeat(40_000) });
      },
      () => ctx.startNew('hello', 1, { instanceId: '' }),
      () => ctx.raiseEvent('i', ''),
      () => ctx.signalEntity(Account, 'a', { signalAt: NaN }),
      () => ctx.signalEntity('account', 'a', '#delete'),
      () => ctx.setReminder('x', { operation: '#delete', firstTime: 1 }),
    ][which]!();
  }
  readAndRemind(_: void, ctx: EntityContext): void {
    ctx.setReminder('x', { firstTime: 1 });
  }
}

function asked(executor: EntityExecutor, name: string, input?: Json): OperationOutcome {
  const reminders = [{ name: 'old', operation: 'ask', at: 5_000, every: 10 }];
  return executor.execute({ name, input, at: 1_000, reminders, newId: () => 'new' }) as OperationOutcome;
}

test('an operation asks for orchestrations, events, signals of times and reminders', (t) => {
  const { result, messages, reminders } = asked(entity(Asker), 'ask');
  t.deepEqual(result, ['own', 'new', 'old', 'tick', 'gone', 'true', 'false']);
  t.deepEqual(messages, [
    { type: 'signal', entity: { name: 'account', key: 'a' }, operation: 'deposit', input: { amount: 1 }, due: 1_500 },
    { type: 'event', instanceId: 'i', name: 'word', input: { a: 1 } },
    { type: 'start', instanceId: 'own', name: 'hello', input: 5, startAt: 9_000 },
    { type: 'start', instanceId: 'new', name: 'hello' },
  ]);
  t.deepEqual(
    [...reminders!],
    [
      ['tick', { name: 'tick', operation: 'ask', at: 2_000, every: 101 }],
      ['gone', undefined],
    ],
  );
});

test('a deletion cancels all reminders, also those just set', (t) => {
  const { reminders } = asked(entity(Asker, 1), 'end');
  t.deepEqual(
    [...reminders!],
    [
      ['late', undefined],
      ['old', undefined],
    ],
  );
});

test('what cannot be asked for fails the operation', (t) => {
  const codes = Array.from({ length: 11 }, (_, which) => asked(entity(Asker), 'wrong', which).failure?.code);
  t.deepEqual(codes, [
    'PERDURE_INVALID_NAME',
    'PERDURE_INVALID_TIME',
    'PERDURE_INVALID_TIME',
    'PERDURE_INVALID_TIME',
    'PERDURE_PAYLOAD_TOO_LARGE',
    'PERDURE_PAYLOAD_TOO_LARGE',
    'PERDURE_INVALID_ID',
    'PERDURE_INVALID_NAME',
    'PERDURE_INVALID_TIME',
    'PERDURE_UNKNOWN_OPERATION', // row 26: what Perdure itself asks of an entity
    'PERDURE_UNKNOWN_OPERATION',
  ]);
  t.is(asked(entity(Asker), 'readAndRemind').failure?.code, 'PERDURE_DEFINITION');
});

test('the next time of a reminder is counted from when it was due', (t) => {
  const times = [1_000, 1_001, 1_099, 1_100, 1_350, 500].map((now) => nextTime(1_000, 100, now));
  t.deepEqual(times, [1_100, 1_100, 1_100, 1_200, 1_400, 1_100]);
});
