import test from 'ava';
import 'reflect-metadata';
import { Activity, Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { defineEntity, defineOrchestrator } from '../../lib/definitions/define.js';
import { entityDefinition } from '../../lib/definitions/entity-definition.js';
import { ActivityContext } from '../../lib/core/activity-context.js';
import { EntityContext } from '../../lib/core/entity-context.js';
import { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import type { Constructor } from '../../lib/core/values.js';
import { names } from '../../lib/definitions/names.js';
import { DefinitionError } from '../../lib/errors.js';
import { Amount, type Amount as InlineHidden } from './amount.js';
import type { Amount as HiddenAmount } from './amount.js';
import type { EntityContext as HiddenContext } from '../../lib/core/entity-context.js';

interface Structural {
  amount: number;
}

@Entity('inputs')
class Inputs {
  state = 0;
  @Operation() dto(_input: Amount): void {}
  @Operation() optional(_input?: Amount): void {}
  @Operation() withContext(_input: Amount, _ctx: EntityContext): void {}
  @Operation() typeOnlyContext(_input: Amount, _ctx: HiddenContext): void {}
  @Operation() text(_input: string): void {}
  @Operation() literal(_input: 'a' | 'b'): void {}
  @Operation() flag(_input: boolean): void {}
  @Operation() time(_input: Date): void {}
  @Operation() defaulted(_input: number = 5): void {}
  @Operation() none(): void {}
  @Operation() contextOnly(_none: void, _ctx: EntityContext): void {}
  @Operation({ input: [Amount] }) list(_input: Amount[]): void {}
  @Operation({ input: Amount }) union(_input: Amount | null): void {}
  @Operation({ input: 'unknown' }) anything(_input: unknown): void {}
  @Operation({ input: 'none' }) ignored(_input: unknown): void {}
}

test('inputs are inferred from the declared type of the first parameter, or given', (t) => {
  const inputs = [...names.entity(Inputs).operations].map(([name, { input }]) => [name, input]);
  t.deepEqual(Object.fromEntries(inputs), {
    dto: Amount,
    optional: Amount,
    withContext: Amount,
    typeOnlyContext: Amount,
    text: String,
    literal: String,
    flag: Boolean,
    time: Date,
    defaulted: Number,
    none: undefined,
    contextOnly: undefined,
    list: [Amount],
    union: Amount,
    anything: Object,
    ignored: undefined,
  });
});

@Entity('traps')
class Traps {
  state = 0;
  @Operation() typeOnly(_input: HiddenAmount): void {}
  @Operation() structural(_input: Structural): void {}
  @Operation() nullable(_input: Amount | null): void {}
  @Operation() unknown(_input: unknown): void {}
  @Operation() generic(_input: Partial<Amount>): void {}
  @Operation() intersection(_input: Amount & Structural): void {}
  @Operation() undefinable(_input: Amount | undefined): void {}
  @Operation() object(_input: { amount: number }): void {}
  @Operation() inlineTypeOnly(_input: InlineHidden): void {}
  @Operation() callback(_input: () => void): void {}
  @Operation() array(_input: Amount[]): void {}
  @Operation() readonlyArray(_input: readonly Amount[]): void {}
  @Operation() tuple(_input: [Amount, Amount]): void {}
  @Operation() contextFirst(_ctx: EntityContext): void {}
  @Operation() otherContext(_input: Amount, _ctx: OrchestrationContext): void {}
  @Operation() twoInputs(_from: string, _to: string): void {}
  @Operation() three(_input: Amount, _ctx: EntityContext, _more: Amount): void {}
}

/** An entity with one of the trapped operations only, so that each error is its own. */
function trap(operation: string): () => unknown {
  class Trap {
    state = 0;
  }
  const descriptor = Object.getOwnPropertyDescriptor(Traps.prototype, operation) ?? {};
  Object.defineProperty(Trap.prototype, operation, descriptor);
  for (const key of ['design:paramtypes', 'design:returntype'])
    Reflect.defineMetadata(key, Reflect.getMetadata(key, Traps.prototype, operation), Trap.prototype, operation);
  Operation()(Trap.prototype, operation, descriptor);
  Entity('trap')(Trap);
  return () => names.entity(Trap);
}

const hidden =
  /^Trap\.\w+: the input's type is not known .*'import type'.*import it as a value, or write @Operation\(\{ input: Amount \}\).*'unknown'/;
const traps: [operation: string, text: RegExp][] = [
  ['typeOnly', hidden],
  ['structural', hidden],
  ['nullable', hidden],
  ['unknown', hidden],
  ['generic', hidden],
  ['intersection', hidden],
  ['undefinable', hidden],
  ['object', hidden],
  ['inlineTypeOnly', hidden],
  ['callback', hidden],
  ['array', /^Trap\.array: .* array or tuple.* Write @Operation\(\{ input: \[Amount\] \}\)/],
  ['readonlyArray', /^Trap\.readonlyArray: .* array or tuple.* Write @Operation\(\{ input: \[Amount\] \}\)/],
  ['tuple', /^Trap\.tuple: .* array or tuple.* Write @Operation\(\{ input: \[Amount\] \}\)/],
  ['contextFirst', /^Trap\.contextFirst: .* second parameter.* Write contextFirst\(_: void, ctx: EntityContext\)/],
  ['otherContext', /^Trap\.otherContext: the second parameter is the context, declared as ctx: EntityContext/],
  ['twoInputs', /^Trap\.twoInputs: the second parameter is the context.* one DTO class/],
  ['three', /^Trap\.three: a handler has at most two parameters, \(input, ctx: EntityContext\)/],
];

for (const [operation, text] of traps)
  test(`a trap is named with its way out: ${operation}`, (t) => {
    t.throws(trap(operation), { instanceOf: DefinitionError, code: 'PERDURE_DEFINITION', message: text });
  });

/** What esbuild-based runners leave of a decorated class: decorators run, but no metadata was written. */
function stripped(input: object = {}): Constructor {
  class Stripped {
    *run(_input: Amount, _ctx: OrchestrationContext): Generator<never> {}
  }
  Run(input)(Stripped.prototype, 'run', Object.getOwnPropertyDescriptor(Stripped.prototype, 'run') ?? {});
  Orchestrator('stripped')(Stripped);
  return Stripped;
}

test('a runner that strips metadata is named with those that keep it', (t) => {
  const text =
    /^Stripped\.run: .*strips decorator metadata, as tsx.*esbuild.*tsc.*swc-node.*vitest.*@Run\(\{ input: Amount \}\)/;
  t.throws(() => names.orchestrator(stripped()), { instanceOf: DefinitionError, message: text });
});

test('under a runner that strips metadata, given inputs and handlers without parameters work', (t) => {
  t.is(names.orchestrator(stripped({ input: Amount })).input, Amount);
  t.is(names.orchestrator(stripped({ input: 'none' })).input, undefined);
  class Plain {
    hello(): void {}
  }
  Activity()(Plain.prototype, 'hello', {});
  t.is(names.activities(Plain).activities.get('hello')?.input, undefined);
});

for (const input of [null, 5, 'Amount', [], [Amount, Amount], [undefined], Array, Function, () => 0, {}])
  test(`an input type is refused: ${typeof input === 'function' ? input.name : JSON.stringify(input)}`, (t) => {
    t.throws(() => stripped({ input }), {
      instanceOf: DefinitionError,
      message: /input must be a DTO class.*circular import/,
    });
  });

test('activities and orchestrators fall into the same traps, in their own words', (t) => {
  class Wrong {
    @Activity() late(_ctx: ActivityContext): void {}
  }
  t.throws(() => names.activities(Wrong), { message: /Write late\(_: void, ctx: ActivityContext\)/ });
  @Orchestrator('wrong')
  class WrongRun {
    @Run() *run(_input: string[]): Generator<never> {}
  }
  t.throws(() => names.orchestrator(WrongRun), { message: /^WrongRun\.run: .*Write @Run\(\{ input: \[Amount\] \}\)/ });
});

test('operations declared to return a promise are async, like async functions', (t) => {
  @Entity('asynchronous')
  class Asynchronous {
    state = 0;
    @Operation() async written(): Promise<void> {}
    @Operation() declared(): Promise<void> {
      return Promise.resolve();
    }
    @Operation() plain(): void {}
  }
  const { operations } = names.entity(Asynchronous);
  t.deepEqual(
    [...operations.values()].map(({ isAsync }) => isAsync),
    [true, true, false],
  );
});

class Base {
  state = 0;
  @Operation({ readonly: true }) inherited(): string {
    return 'base';
  }
  @Operation() overridden(_input: Amount): string {
    return 'base';
  }
  @Operation() redecorated(_input: Amount): string {
    return 'base';
  }
  helper(): void {}
}

@Entity('derived')
class Derived extends Base {
  override overridden(_input: Amount): string {
    return 'derived';
  }
  @Operation({ readonly: true, input: 'unknown' }) override redecorated(_input: unknown): string {
    return 'derived';
  }
  @Operation() own(): string {
    return 'derived';
  }
}

test('operations are inherited; an override stays one, and decorated again replaces its options', (t) => {
  const { operations, undecorated } = names.entity(Derived);
  const call = (name: string): unknown => operations.get(name)?.method.call(new Derived(), undefined, {});
  t.deepEqual([...operations.keys()].sort(), ['inherited', 'overridden', 'own', 'redecorated']);
  t.like(operations.get('inherited'), { isReadonly: true, input: undefined });
  t.like(operations.get('overridden'), { isReadonly: false, input: Amount });
  t.like(operations.get('redecorated'), { isReadonly: true, input: Object });
  t.deepEqual([call('inherited'), call('overridden')], ['base', 'derived']);
  t.deepEqual([...undecorated], ['helper']);
});

test('a subclass does not inherit the name, nor a base class the operations of its subclass', (t) => {
  class Unnamed extends Derived {}
  t.throws(() => names.entity(Unnamed), {
    instanceOf: DefinitionError,
    message: /^Unnamed is not an @Entity\. Write @Entity\('name'\) above the class, also when a base class has it/,
  });
  @Entity('base')
  class Sibling extends Base {}
  t.deepEqual([...names.entity(Sibling).operations.keys()].sort(), ['inherited', 'overridden', 'redecorated']);
});

test('an operation hidden by an accessor of a subclass is refused', (t) => {
  class Hiding extends Base {}
  Object.defineProperty(Hiding.prototype, 'inherited', { get: () => () => 'hidden' });
  Entity('hiding')(Hiding);
  t.throws(() => names.entity(Hiding), { instanceOf: DefinitionError, message: /^Hiding\.inherited hides the method/ });
});

for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', '_private', '#x', 'Dto', 'helper'])
  test(`no operation is called ${name}`, (t) => {
    t.is(names.entity(Derived).operations.get(name), undefined);
  });

test('definitions are read once per class', (t) => {
  t.is(names.entity(Derived), names.entity(Derived));
});

@Orchestrator('flow')
class Flow {
  @Run() *run(): Generator<never> {}
}

class Work {
  @Activity() work(): void {}
}

test('how long instances are kept is part of their definition, and not inherited', (t) => {
  @Orchestrator('kept', { retention: { days: 1.5 } })
  class Kept {
    @Run() *run(): Generator<never> {}
  }
  @Orchestrator('fleeting', { retention: 'purgeOnCompletion' })
  class Passing extends Kept {}
  @Orchestrator('lasting')
  class Lasting extends Kept {}
  class Written {
    *run(): Generator<never> {}
  }
  defineOrchestrator(Written, { name: 'written', retention: { days: 1 } });
  const kept = [Kept, Passing, Lasting, Written].map((type) => names.orchestrator(type).retentionInMilliseconds);
  t.deepEqual(kept, [36 * 3_600_000, 60_000, undefined, 24 * 3_600_000]);
});

for (const options of [
  { retention: { days: 0 } },
  { retention: { days: -1 } },
  { retention: { days: NaN } },
  { retention: { days: 36_526 } },
  { retention: { hours: 1 } },
  { retention: 'forever' },
  { retention: 7 },
  { retain: { days: 1 } },
  null,
  'retention',
])
  test(`options of an orchestrator that cannot work are refused: ${JSON.stringify(options)}`, (t) => {
    class Odd {
      *run(): Generator<never> {}
    }
    t.throws(() => Orchestrator('odd', options as never)(Odd), {
      instanceOf: DefinitionError,
      message: /^@Orchestrator\('odd'\): .*retention/,
    });
  });

test('how many messages may wait for an entity is part of its definition, and not inherited', (t) => {
  @Entity('bounded', { mailboxLimit: 1 })
  class Bounded {
    state = 0;
    @Operation() add(): void {}
  }
  @Entity('unbounded')
  class Unbounded extends Bounded {}
  class Written {
    state = 0;
    add(): void {}
  }
  defineEntity(Written, { name: 'written-entity', operations: { add: 'none' }, mailboxLimit: 1_000_000 });
  const limits = [Bounded, Unbounded, Written].map((type) => entityDefinition(type).mailboxLimit);
  t.deepEqual(limits, [1, undefined, 1_000_000]);
});

for (const options of [
  { mailboxLimit: 0 },
  { mailboxLimit: 1.5 },
  { mailboxLimit: 1_000_001 },
  { mailboxLimit: '10' },
  { limit: 10 },
  null,
])
  test(`options of an entity that cannot work are refused: ${JSON.stringify(options)}`, (t) => {
    class Odd {
      state = 0;
    }
    t.throws(() => Entity('odd', options as never)(Odd), {
      instanceOf: DefinitionError,
      message: /^@Entity\('odd'\): .*mailboxLimit/,
    });
  });

for (const stateVersion of [0, 1.5, -1, 1_000_001, '2'])
  test(`a version of states that is none is refused: ${JSON.stringify(stateVersion)}`, (t) => {
    class Odd {
      state = 0;
    }
    t.throws(() => Entity('odd', { stateVersion } as never)(Odd), {
      instanceOf: DefinitionError,
      message: "@Entity('odd'): stateVersion must be a whole number from 1 to 1000000.",
    });
  });

for (const keepHistory of [0, 1.5, 1_001, true])
  test(`a history that cannot be kept is refused: ${JSON.stringify(keepHistory)}`, (t) => {
    class Odd {
      state = 0;
    }
    t.throws(() => Entity('odd', { keepHistory } as never)(Odd), {
      instanceOf: DefinitionError,
      message: "@Entity('odd'): keepHistory must be a whole number from 1 to 1000.",
    });
  });

test('how many changes are kept is part of an entity, and not inherited', (t) => {
  @Entity('kept', { keepHistory: 5 })
  class Kept {
    state = 0;
    @Operation() add(): void {}
  }
  @Entity('not-kept')
  class NotKept extends Kept {}
  class Written {
    state = 0;
    add(): void {}
  }
  defineEntity(Written, { name: 'written-history', operations: { add: 'none' }, keepHistory: 1_000 });
  t.deepEqual(
    [Kept, NotKept, Written].map((type) => entityDefinition(type).keepHistory),
    [5, undefined, 1_000],
  );
});

test('the version of its states is part of an entity, with the way from older ones; a subclass says its own', (t) => {
  @Entity('unversioned')
  class Unversioned {
    state = 0;
    @Operation() add(): void {}
  }
  @Entity('versioned', { stateVersion: 3 })
  class Versioned extends Unversioned {
    static readonly step: number = 10;
    static migrate(old: unknown, fromVersion: number): number {
      return (old as number) + this.step * fromVersion;
    }
  }
  @Entity('stepping', { stateVersion: 2 })
  class Stepping extends Versioned {
    static override readonly step = 100;
  }
  @Entity('without-versions')
  class WithoutVersions extends Versioned {}
  class Written {
    state = 0;
    static migrate(): number {
      return 1;
    }
    add(): void {}
  }
  defineEntity(Written, { name: 'written-version', operations: { add: 'none' }, stateVersion: 2 });
  const versions = [Unversioned, Versioned, Stepping, WithoutVersions, Written].map((type) => {
    const { stateVersion, migrate } = entityDefinition(type);
    return [stateVersion, migrate?.(1, 2)];
  });
  t.deepEqual(versions, [
    [1, undefined],
    [3, 21],
    [2, 201],
    [1, 21],
    [2, 1],
  ]);
});

test('a version of states without a way from older ones is refused, and so is a way without a version', (t) => {
  @Entity('no-way', { stateVersion: 2 })
  class NoWay {
    state = 0;
    @Operation() add(): void {}
  }
  @Entity('no-version')
  class NoVersion {
    state = 0;
    static migrate(): number {
      return 1;
    }
    @Operation() add(): void {}
  }
  t.throws(() => entityDefinition(NoWay), {
    instanceOf: DefinitionError,
    message:
      /^NoWay has stateVersion 2, and cannot read states of older versions\. Write static migrate\(old: unknown, fromVersion/,
  });
  t.throws(() => entityDefinition(NoVersion), {
    instanceOf: DefinitionError,
    message: /^NoVersion has a static migrate, and no stateVersion\. Write @Entity\(name, \{ stateVersion: 2 \}\)/,
  });
});

const wrongKinds: [title: string, read: () => unknown, text: RegExp][] = [
  ['an orchestrator as entity', () => names.entity(Flow), /^Flow is not an @Entity\. It is an @Orchestrator/],
  [
    'an entity as orchestrator',
    () => names.orchestrator(Derived),
    /^Derived is not an @Orchestrator\. It is an @Entity/,
  ],
  ['an entity as activities', () => names.activities(Derived), /^Derived has no activity\. Write @Activity\(\)/],
  ['an undecorated class', () => names.orchestrator(class Bare {}), /^Bare is not an @Orch.*@Orchestrator\('name'\)/],
  ['an object', () => names.entity(new Derived() as never), /^Expected a class with @Entity, got an object of Derived/],
  ['nothing', () => names.entity(undefined as never), /got undefined.*circular import/],
  ['an entity without operations', () => names.entity(emptyEntity()), /^Empty has no operation\. Write @Operation\(\)/],
  [
    'constructor parameters',
    () => names.entity(needyEntity()),
    /^The constructor of Needy has parameters.*Only activities/,
  ],
  ['run without @Run()', () => names.orchestrator(bareRun()), /^BareRun\.run needs @Run\(\) above it/],
  ['no run', () => names.orchestrator(noRun()), /^NoRun has no method run\. Write @Run\(\) \*run\(input, ctx/],
  ['a run that promises', () => names.orchestrator(promisingRun()), /^Promising\.run gives a promise.*Write \*run/],
  [
    'an activity in an entity',
    () => names.entity(mixed()),
    /^Mixed\.mail has @Activity\(\), but .* for @Operation\(\)/,
  ],
];

for (const [title, read, text] of wrongKinds)
  test(`a class that cannot work is refused: ${title}`, (t) => {
    t.throws(read, { instanceOf: DefinitionError, message: text });
    t.throws(read, { instanceOf: DefinitionError, message: text }, 'a second look finds the same');
  });

function emptyEntity(): Constructor {
  @Entity('empty')
  class Empty {
    state = 0;
    forgotten(): void {}
  }
  return Empty;
}

function needyEntity(): Constructor {
  @Entity('needy')
  class Needy {
    state: number;
    constructor(initial: number) {
      this.state = initial;
    }
    @Operation() get(): number {
      return this.state;
    }
  }
  return Needy;
}

function bareRun(): Constructor {
  @Orchestrator('bare-run')
  class BareRun {
    *run(): Generator<never> {}
  }
  return BareRun;
}

function noRun(): Constructor {
  class NoRun {}
  Orchestrator('no-run')(NoRun as never);
  return NoRun;
}

function promisingRun(): Constructor {
  @Orchestrator('promising')
  class Promising {
    @Run() run(): Promise<void> {
      return Promise.resolve();
    }
  }
  return Promising;
}

function mixed(): Constructor {
  @Entity('mixed')
  class Mixed extends Base {
    @Activity() mail(): void {}
  }
  return Mixed;
}

test('activities of a class are by method name, with the undecorated ones beside', (t) => {
  const { activities, undecorated } = names.activities(Work);
  t.deepEqual([...activities.keys()], ['work']);
  t.deepEqual([...undecorated], []);
});
