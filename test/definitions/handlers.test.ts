import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Query, Run, Update } from '../../decorators/index.js';
import { defineOrchestrator } from '../../lib/definitions/define.js';
import { names } from '../../lib/definitions/names.js';
import { DefinitionError, InvalidNameError } from '../../lib/errors.js';

class Line {
  item!: string;
}

@Orchestrator('order')
class Order {
  @Run() run(_none: void, _ctx: OrchestrationContext): void {}
  @Update() add(_line: Line, _ctx: OrchestrationContext): number {
    return 1;
  }
  @Update({ optional: true }) close(_why: string): void {}
  @Query() count(): number {
    return 0;
  }
  @Query({ input: [Number] }) lines(_at: number[]): string[] {
    return [];
  }
  helper(): void {}
}

test('queries and updates are recorded with their inputs, which are inferred or given', (t) => {
  const { queries, updates, undecorated } = names.orchestrator(Order);
  t.deepEqual([...queries.keys()], ['count', 'lines']);
  t.deepEqual([...updates.keys()], ['add', 'close']);
  t.like(updates.get('add'), { name: 'add', input: Line });
  t.like(updates.get('close'), { input: String, isInputOptional: true });
  t.like(queries.get('count'), { input: undefined });
  t.deepEqual(queries.get('lines')?.input, [Number]);
  t.deepEqual([...undecorated], ['helper']);
});

test('they are inherited, as operations are', (t) => {
  @Orchestrator('rush')
  class Rush extends Order {
    override count(): number {
      return 7;
    }
    @Query() speed(): number {
      return 1;
    }
  }
  const { queries, updates } = names.orchestrator(Rush);
  t.deepEqual([...queries.keys()], ['count', 'lines', 'speed']);
  t.is(queries.get('count')?.method.call(new Rush(), undefined), 7);
  t.deepEqual([...updates.keys()], ['add', 'close']);
  t.deepEqual([...names.orchestrator(Order).queries.keys()], ['count', 'lines']);
});

test('without decorators they are given', (t) => {
  class Plain {
    *run(_name: string, _ctx: OrchestrationContext): Orchestration<void> {}
    add(_line: Line): void {}
    count(): number {
      return 0;
    }
  }
  defineOrchestrator(Plain, { name: 'plain', input: String, queries: { count: true }, updates: { add: Line } });
  const { queries, updates } = names.orchestrator(Plain);
  t.deepEqual([[...queries.keys()], [...updates.keys()]], [['count'], ['add']]);
  t.is(updates.get('add')?.input, Line);
  class Silent {
    run(): void {}
    add(_line: Line): void {}
  }
  t.throws(() => defineOrchestrator(Silent, { name: 'silent', updates: { add: true } }), {
    instanceOf: DefinitionError,
    message: /^Silent\.add has parameters, but its input is not given/,
  });
});

type LooseDecorator = (target: object, name: string | symbol, descriptor?: PropertyDescriptor) => void;
const [query, update] = [Query() as LooseDecorator, Update() as LooseDecorator];

class Example {
  *sequence(): Generator<void> {}
  async *stream(): AsyncGenerator<void> {}
  run(): void {}
  odd(): void {}
  _hidden(): void {}
}

const misuses: [title: string, apply: () => void, text: RegExp][] = [
  ['an async generator as update', () => update(Example.prototype, 'stream'), /run and its updates are generators/],
  ['a generator as query', () => query(Example.prototype, 'sequence'), /run and its updates are generators/],
  ['run as update', () => update(Example.prototype, 'run'), /"run" is the orchestration itself/],
  ['run as query', () => query(Example.prototype, 'run'), /"run" is the orchestration itself/],
  ['an underscored method', () => query(Example.prototype, '_hidden'), /begin with "_" are private/],
  [
    'an unknown option',
    () => Update({ readonly: true } as never)(Example.prototype, 'odd', {}),
    /no option "readonly"/,
  ],
  ['without parentheses', () => (Query as unknown as LooseDecorator)(Example.prototype, 'odd'), /written with parenth/],
];

for (const [title, apply, text] of misuses)
  test(`a decorator is refused where it cannot work: ${title}`, (t) => {
    t.throws(apply, { instanceOf: DefinitionError, message: text });
  });

test('a decorator stands above a method once', (t) => {
  class Twice {
    @Query() once(): void {}
  }
  t.throws(() => query(Twice.prototype, 'once'), { instanceOf: DefinitionError, message: /stands there twice/ });
  class Odd {
    ['a b'](): void {}
  }
  t.throws(() => update(Odd.prototype, 'a b'), { instanceOf: InvalidNameError, message: /^The update name "a b"/ });
});

function withContext(): object {
  @Orchestrator('with-context')
  class WithContext {
    @Run() run(): void {}
    @Query({ input: Number }) count(_at: number, _ctx: OrchestrationContext): void {}
  }
  return WithContext;
}

function withContextFirst(): object {
  @Orchestrator('with-context-first')
  class WithContextFirst {
    @Run() run(): void {}
    @Query() count(_ctx: OrchestrationContext): void {}
  }
  return WithContextFirst;
}

function promising(): object {
  @Orchestrator('promising')
  class Promising {
    @Run() run(): void {}
    @Update() async add(): Promise<void> {}
  }
  return Promising;
}

function both(): object {
  @Orchestrator('both')
  class Both {
    @Run() run(): void {}
    @Update() @Query() add(): void {}
  }
  return Both;
}

const wrong: [title: string, type: () => object, text: RegExp][] = [
  ['a query with a context', withContext, /^WithContext\.count: a query takes its input and nothing else/],
  ['a query of a context', withContextFirst, /^WithContextFirst\.count: a query takes its input and nothing else/],
  ['an update that promises', promising, /^Promising\.add gives a promise, but @Update\(\) is answered at once/],
  ['a method that is both', both, /^Both\.add is a query and an update/],
];

for (const [title, type, text] of wrong)
  test(`an orchestrator that cannot work is refused: ${title}`, (t) => {
    t.throws(() => names.orchestrator(type() as never), { instanceOf: DefinitionError, message: text });
  });

test('an entity has neither queries nor updates', (t) => {
  @Entity('mixed')
  class Mixed {
    state = 0;
    @Operation() add(): void {}
    @Query() count(): void {}
  }
  t.throws(() => names.entity(Mixed), {
    instanceOf: DefinitionError,
    message: /^Mixed\.count has @Query\(\), but the class is used for @Operation\(\)/,
  });
});
