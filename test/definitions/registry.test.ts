import test from 'ava';
import { Activity, Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { ActivityContext } from '../../lib/core/activity-context.js';
import { EntityContext } from '../../lib/core/entity-context.js';
import { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import type { InputType, ValueCodec } from '../../lib/core/values.js';
import { defineActivities, defineEntity, defineOrchestrator } from '../../lib/definitions/define.js';
import { names } from '../../lib/definitions/names.js';
import { recordDispatcher, recordEntity } from '../../lib/definitions/recording.js';
import { Registry, type Hosted } from '../../lib/definitions/registry.js';
import { DefinitionError, InvalidNameError } from '../../lib/errors.js';
import { Amount } from './amount.js';

/** Shows what a handler was given: decoding wraps the value with its type and target. */
const values: ValueCodec = {
  encode: (value) => value as never,
  decode: (json, type, target) => ({ json, type, target }),
};

const context = { marker: 'context' } as never;

function register(hosted: Hosted, checked: [InputType, string][] = []): Registry {
  return new Registry(hosted, { values, checkInput: (type, target) => void checked.push([type, target]) });
}

@Entity('account')
class Account {
  state = { balance: 0 };
  readonly #log: unknown[] = [];
  @Operation() deposit(input: Amount, ctx: EntityContext): unknown[] {
    this.#log.push(input, ctx);
    return this.#log;
  }
  @Operation({ readonly: true }) async balance(): Promise<unknown[]> {
    return Promise.resolve([...arguments]);
  }
}

@Orchestrator('transfer')
class Transfer {
  readonly #steps: unknown[] = [];
  @Run() *run(input: Amount, ctx: OrchestrationContext): Generator<never, unknown[]> {
    this.#steps.push(input, ctx);
    yield* [];
    return this.#steps;
  }
}

class Greetings {
  constructor(readonly greeting: string) {}
  @Activity({ name: 'greet', queue: 'greeters' }) hello(city: string, ctx: ActivityContext): unknown[] {
    return [this.greeting, city, ctx];
  }
}

test('an entity program makes objects and runs operations on them', (t) => {
  const program = register({ entities: [Account] }).entities.get('account')!;
  t.is(program.name, 'account');
  t.deepEqual(program.operationNames, ['deposit', 'balance']);
  const account = program.create();
  t.true(account instanceof Account);
  t.not(program.create().state, account.state);
  const deposit = program.operation('deposit')!;
  t.like(deposit, { name: 'deposit', isReadonly: false, isAsync: false });
  const decoded = { json: { amount: 1 }, type: Amount, target: 'account.deposit' };
  t.deepEqual(deposit.invoke(account, { amount: 1 }, context), [decoded, context]);
});

class Dispatching {
  state: unknown = null;
  carryOut(input: unknown, ctx: EntityContext): unknown[] {
    return [input, ctx];
  }
}
recordEntity(Dispatching, 'dispatching');
recordDispatcher(Dispatching.prototype, 'carryOut');

test('an entity with a dispatcher has every operation, and says so', (t) => {
  const program = register({ entities: [Dispatching] }).entities.get('dispatching')!;
  t.deepEqual(program.operationNames, ['*']);
  const operation = program.operation('whatever it is called')!;
  t.like(operation, { name: 'whatever it is called', isReadonly: false, isAsync: true });
  const decoded = { json: 1, type: Object, target: 'dispatching.carryOut' };
  t.deepEqual(operation.invoke(program.create(), 1, context), [decoded, context]);
  t.is(program.operation('#lock'), undefined, 'what Perdure itself asks for');
});

test('a handler without input gets none, whatever was sent', async (t) => {
  const program = register({ entities: [Account] }).entities.get('account')!;
  const balance = program.operation('balance')!;
  t.like(balance, { isReadonly: true, isAsync: true });
  t.deepEqual(await balance.invoke(program.create(), { amount: 1 }, context), [undefined, context]);
});

for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', '_private', '#log', 'Deposit', ''])
  test(`a program has no operation "${name}"`, (t) => {
    t.is(
      register({ entities: [Account] })
        .entities.get('account')!
        .operation(name),
      undefined,
    );
  });

test('an orchestrator program runs a fresh object each time', (t) => {
  const program = register({ orchestrators: [Transfer] }).orchestrators.get('transfer')!;
  const decoded = { json: 5, type: Amount, target: 'transfer' };
  for (let execution = 0; execution < 2; execution++) {
    const generator = program.run(program.create(), 5, context) as Generator<never, unknown[]>;
    t.deepEqual(generator.next(), { done: true, value: [decoded, context] });
  }
});

test('an activity runs on the registered object', (t) => {
  const activity = register({ activities: [new Greetings('Hei')] }).activities.get('greet')!;
  t.like(activity, { name: 'greet', queue: 'greeters', retry: undefined });
  const decoded = { json: 'Oslo', type: String, target: 'greet' };
  t.deepEqual(activity.invoke('Oslo', context), ['Hei', decoded, context]);
});

test('every input type is checked at registration, and nothing without input', (t) => {
  const checked: [InputType, string][] = [];
  register({ entities: [Account], orchestrators: [Transfer], activities: [new Greetings('Hei')] }, checked);
  t.deepEqual(checked, [
    [Amount, 'account.deposit'],
    [Amount, 'transfer'],
    [String, 'greet'],
  ]);
});

test('a worker may host nothing', (t) => {
  const { entities, orchestrators, activities } = register({});
  t.deepEqual([entities.size, orchestrators.size, activities.size], [0, 0, 0]);
});

@Orchestrator('transfer', { version: '2', versionMatchStrategy: 'currentOrOlder' })
class SecondTransfer extends Transfer {}

class ThirdTransfer extends Transfer {}
defineOrchestrator(ThirdTransfer, { name: 'transfer', version: '3', input: Amount });

test('versions of one orchestrator stand side by side', (t) => {
  const { orchestrators } = register({ orchestrators: [ThirdTransfer, Transfer, SecondTransfer] });
  t.deepEqual(
    orchestrators.programs.map(({ name, version, versionMatchStrategy }) => [name, version, versionMatchStrategy]),
    [
      ['transfer', undefined, undefined],
      ['transfer', '2', 'currentOrOlder'],
      ['transfer', '3', undefined],
    ],
  );
  t.deepEqual(orchestrators.names, ['transfer']);
});

@Entity('account')
class OtherAccount extends Account {}

@Orchestrator('transfer')
class OtherTransfer extends Transfer {}

@Entity('stateless')
class Stateless {
  state!: object;
  @Operation() work(): void {}
}

@Entity('failing')
class Failing {
  state = failing();
  @Operation() work(): void {}
}

function failing(): object {
  throw new RangeError('no state today');
}

const refusals: [title: string, hosted: Hosted, text: RegExp][] = [
  [
    'two entities of one name',
    { entities: [Account, OtherAccount] },
    /entity name "account" .* by Account and by OtherAccount/,
  ],
  ['one entity twice', { entities: [Account, Account] }, /entity name "account" is registered twice/],
  [
    'two orchestrators of one name',
    { orchestrators: [Transfer, OtherTransfer] },
    /orchestrator name "transfer" .* OtherTransfer/,
  ],
  [
    'one version of an orchestrator twice',
    { orchestrators: [SecondTransfer, ThirdTransfer, SecondTransfer] },
    /orchestrator name "transfer@2" is registered twice, by SecondTransfer and by SecondTransfer/,
  ],
  [
    'two activities of one name',
    { activities: [new Greetings('a'), new Greetings('b')] },
    /activity name "greet" .* by Greetings\.hello and by Greetings\.hello/,
  ],
  [
    'a class as activities',
    { activities: [Greetings] },
    /as objects, got the class Greetings\. Write new Greetings\(\)/,
  ],
  ['a class without a list', { entities: Account as never }, /entities are an array.* Write entities: \[/],
  ['nothing as activities', { activities: [undefined as never] }, /as objects, got undefined/],
  ['a plain object as activities', { activities: [{ hello: () => 0 }] }, /^Object has no activity/],
  ['an entity without initial state', { entities: [Stateless] }, /^Stateless has no initial state\. Write state = \{/],
  ['an entity that cannot be made', { entities: [Failing] }, /^Failing cannot be constructed: no state today/],
];

for (const [title, hosted, text] of refusals)
  test(`refused at registration: ${title}`, (t) => {
    t.throws(() => register(hosted), { instanceOf: DefinitionError, code: 'PERDURE_DEFINITION', message: text });
  });

test('what the check of an input type throws stops the registration', (t) => {
  const error = new DefinitionError('no such input');
  const checkInput = (): never => {
    throw error;
  };
  t.is(
    t.throws(() => new Registry({ entities: [Account] }, { values, checkInput })),
    error,
  );
});

// As JavaScript users write them.
class Jar {
  state = 0;
  put(amount: Amount): number {
    return (this.state += amount.amount);
  }
  peek(): number {
    return this.state;
  }
  shake(_none: void, _ctx: EntityContext): void {}
  stir(_anything: unknown): void {}
}

class Refill {
  *run(_amount: Amount): Generator<never> {}
}

class Kitchen {
  wash(_dish: string): void {}
  mail(_to: string[]): void {}
  idle(): void {}
}

test('classes without decorators are defined by functions, to the same effect', (t) => {
  defineEntity(Jar, {
    name: 'jar',
    operations: { put: Amount, peek: { readonly: true }, shake: 'none', stir: { input: 'unknown' } },
  });
  defineOrchestrator(Refill, { name: 'refill', input: Amount });
  defineActivities(Kitchen, {
    wash: String,
    mail: { name: 'kitchen.mail', queue: 'mail', input: [String] },
    idle: true,
  });
  const jar = names.entity(Jar);
  t.is(jar.name, 'jar');
  t.deepEqual(
    [...jar.operations.values()].map(({ name, input, isReadonly }) => [name, input, isReadonly]),
    [
      ['put', Amount, false],
      ['peek', undefined, true],
      ['shake', undefined, false],
      ['stir', Object, false],
    ],
  );
  t.like(names.orchestrator(Refill), { name: 'refill', input: Amount });
  t.deepEqual(
    [...names.activities(Kitchen).activities.values()].map(({ name, input, queue }) => [name, input, queue]),
    [
      ['wash', String, undefined],
      ['kitchen.mail', [String], 'mail'],
      ['idle', undefined, undefined],
    ],
  );
  const registry = register({ entities: [Jar], orchestrators: [Refill], activities: [new Kitchen()] });
  t.deepEqual([...registry.activities.keys()], ['wash', 'kitchen.mail', 'idle']);
});

test('definitions by function are refused as decorators are, and when they are silent about a parameter', (t) => {
  class Silent {
    state = 0;
    put(_amount: Amount): void {}
    *run(_input: Amount): Generator<never> {}
  }
  t.throws(() => defineEntity(Silent, { name: 'silent', operations: { put: true } }), {
    instanceOf: DefinitionError,
    message: /^Silent\.put has parameters, but its input is not given\. .*put: Amount.*'unknown'.*'none'/,
  });
  class Silent2 extends Silent {}
  t.throws(() => defineOrchestrator(Silent2, { name: 'silent' }), { message: /^Silent2\.run has parameters/ });
  class Misnamed {
    state = 0;
  }
  const operations = { forgotten: true } as object;
  t.throws(() => defineEntity(Misnamed, { name: 'x', operations }), {
    message: /@Operation on Misnamed\.forgotten: .* no method/,
  });
  class Unsaid extends Misnamed {}
  for (const definition of [undefined, {}, { name: 'unsaid' }, { name: 'unsaid', operations: null }])
    t.throws(() => defineEntity(class extends Unsaid {}, definition as never), {
      instanceOf: DefinitionError,
      message: /needs a name|methods are not given/,
    });
  t.throws(() => defineEntity(Unsaid, { name: 'unsaid', operations: { put: null } as object }), {
    instanceOf: DefinitionError,
  });
  t.throws(() => defineOrchestrator(class extends Silent {}, undefined as never), {
    message: /@Orchestrator needs a name/,
  });
  t.throws(() => defineActivities(class {}, undefined as never), { message: /methods are not given/ });
  t.throws(() => defineActivities({} as never, {}), { instanceOf: DefinitionError, message: /Expected a class/ });
  t.throws(() => defineEntity(class Bad extends Misnamed {}, { name: 'a.b', operations: {} }), {
    instanceOf: InvalidNameError,
  });
});
