import test, { type ExecutionContext } from 'ava';
import { EntityExecutor } from '../../lib/core/entity-executor.js';
import type { OperationOutcome } from '../../lib/core/operation.js';
import type { EntityProgram } from '../../lib/core/programs.js';
import type { Json } from '../../lib/core/values.js';
import { StateMigrationError, StateTooNewError } from '../../lib/errors.js';
import { migrated } from '../../lib/core/state-migration.js';
import { dependencies } from './surroundings.js';

/** Versions: 1 is a list of names, 2 has them as objects, 3 as an object. */
interface Cart {
  state: { items: Record<string, number> };
}

const operations: Record<string, (cart: Cart, input: Json | undefined) => unknown> = {
  add: ({ state }, input) => (state.items[input as string] = 1),
  look: ({ state }) => Object.keys(state.items),
  touch: () => 'touched',
  fail: ({ state }) => {
    state.items = {};
    throw new RangeError('no');
  },
  clear: (cart) => void (cart.state = undefined as never),
};

type Migrate = (old: unknown, fromVersion: number) => unknown;

const toObjects: Migrate = (old, from) => {
  const names = from === 1 ? (old as string[]) : (old as { name: string }[]).map(({ name }) => name);
  return { items: Object.fromEntries(names.map((name) => [name, 1])) };
};

function cart(state: Json | undefined, version: number, migrate: Migrate = toObjects): EntityExecutor {
  const program: EntityProgram = {
    name: 'cart',
    stateVersion: 3,
    migrate,
    create: () => ({ state: { items: {} } }),
    operationNames: Object.keys(operations),
    operation: (name) => ({
      name,
      isReadonly: name === 'look',
      isAsync: false,
      timeoutInMilliseconds: 1,
      invoke: (target, input) => operations[name]!(target as Cart, input),
    }),
  };
  const executor = new EntityExecutor(program, { name: 'cart', key: 'k' }, dependencies);
  executor.load(state, version);
  return executor;
}

function run(executor: EntityExecutor, name: string, input?: Json): OperationOutcome {
  const outcome = executor.execute({ name, input, at: 1 });
  if (outcome instanceof Promise) throw new Error('asynchronous');
  return outcome;
}

test('a state of an older version is migrated for the first operation, and committed with it', (t) => {
  const executor = cart(['nails'], 1);
  t.deepEqual(run(executor, 'add', 'glue'), {
    result: 1,
    changed: true,
    state: { items: { nails: 1, glue: 1 } },
    messages: [],
  });
  t.deepEqual(run(cart([{ name: 'nails' }], 2), 'look').result, ['nails']);
});

test('a state of the version of the code is not migrated', (t) => {
  const executor = cart({ items: { nails: 1 } }, 3, () => t.fail());
  t.deepEqual(run(executor, 'look').result, ['nails']);
  t.false(run(executor, 'touch').changed);
  t.true(
    run(
      cart(undefined, 3, () => t.fail()),
      'add',
      'x',
    ).changed,
  );
});

test('an operation that changes nothing commits the migrated state, once', (t) => {
  let migrations = 0;
  const executor = cart(['nails'], 1, (old, from) => {
    migrations++;
    return toObjects(old, from);
  });
  t.like(run(executor, 'touch'), { changed: true, state: { items: { nails: 1 } } });
  t.like(run(executor, 'touch'), { changed: false, state: { items: { nails: 1 } } });
  t.is(migrations, 1);
});

test('what reads or fails leaves the state as it is stored', (t) => {
  const executor = cart(['nails'], 1);
  t.like(run(executor, 'look'), { result: ['nails'], changed: false, state: ['nails'] });
  t.like(run(executor, 'fail'), { failure: { name: 'RangeError' }, changed: false, state: ['nails'] });
  t.like(run(executor, 'add', 'glue'), { changed: true, state: { items: { nails: 1, glue: 1 } } });
});

test('a state of an older version can be deleted, and what comes behind is new', (t) => {
  const executor = cart(['nails'], 1);
  t.like(run(executor, 'clear'), { changed: true, state: undefined });
  t.like(run(executor, 'add', 'glue'), { state: { items: { glue: 1 } } });
});

test('migrate gets a copy: what it does to it reaches nobody', (t) => {
  const stored = Object.freeze(['nails']) as Json;
  const executor = cart(stored, 1, (old) => {
    (old as string[]).push('rust');
    throw new Error('too late');
  });
  t.deepEqual(run(executor, 'look').state, ['nails']);
});

function refused(t: ExecutionContext, migrate: Migrate, reason: RegExp): void {
  const executor = cart(['nails'], 1, migrate);
  for (const name of ['add', 'look', 'clear']) {
    const { failure, ...rest } = run(executor, name, 'x');
    t.deepEqual(rest, { changed: false, state: ['nails'], messages: [] });
    t.like(failure, {
      code: 'PERDURE_STATE_MIGRATION',
      fields: { entity: 'cart', key: 'k', fromVersion: 1, toVersion: 3 },
    });
    t.regex(failure!.message, reason);
  }
}

const bad: readonly [what: string, migrate: Migrate, reason: RegExp][] = [
  [
    'throws',
    () => {
      throw new TypeError('old.items is not iterable');
    },
    /^The state of cart "k" cannot be migrated from version 1 to 3: old\.items is not iterable\. It stays as it is/,
  ],
  ['returns nothing', () => undefined, /migrate returned no state/],
  ['returns a promise', async () => ({ items: {} }), /migrate returned a promise/],
  ['returns a promise that rejects', () => Promise.reject(new Error('later')), /migrate returned a promise/],
  ['returns what cannot be stored', () => ({ items: { f: () => 1 } }), /cannot be migrated/],
];

for (const [what, migrate, reason] of bad)
  test(`the operation fails, and nothing is lost, when migrate ${what}`, (t) => refused(t, migrate, reason));

test('a mended migrate goes on with the same state', (t) => {
  let isMended = false;
  const executor = cart(['nails'], 1, (old, from) => (isMended ? toObjects(old, from) : undefined));
  t.truthy(run(executor, 'add', 'glue').failure);
  isMended = true;
  t.deepEqual(run(executor, 'add', 'glue').state, { items: { nails: 1, glue: 1 } });
});

test('a state of a newer version is refused and left alone', (t) => {
  const executor = cart({ boxes: [] }, 4);
  const { failure, ...rest } = run(executor, 'add', 'x');
  t.deepEqual(rest, { changed: false, state: { boxes: [] }, messages: [] });
  t.like(failure, { code: 'PERDURE_STATE_TOO_NEW', fields: { found: 4, supported: 3 } });
});

test('whoever reads a state has it as its class does', (t) => {
  const id = { name: 'cart', key: 'k' };
  const type = { stateVersion: 3, migrate: toObjects };
  t.deepEqual(migrated(['nails'], 1, type, id, dependencies.values), { items: { nails: 1 } });
  t.deepEqual(migrated([], 3, type, id, dependencies.values), []);
  t.throws(() => migrated([], 4, type, id, dependencies.values), { instanceOf: StateTooNewError });
  t.throws(() => migrated([], 2, { ...type, migrate: () => undefined }, id, dependencies.values), {
    instanceOf: StateMigrationError,
  });
});
