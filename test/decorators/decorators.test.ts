import test from 'ava';
import { Activity, Entity, Items, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { names } from '../../lib/definitions/names.js';
import { DefinitionError, InvalidNameError } from '../../lib/errors.js';

test('decorators record names, operations, options and nothing else', (t) => {
  @Entity('counter')
  class Counter {
    state = 0;
    @Operation() add(amount: number): void {
      this.state += amount;
    }
    @Operation({ readonly: true }) get(): number {
      return this.state;
    }
    undecorated(): void {}
    _private(): void {}
  }
  const { name, type, operations, undecorated } = names.entity(Counter);
  t.is(name, 'counter');
  t.is(type, Counter);
  t.deepEqual([...operations.keys()], ['add', 'get']);
  t.like(operations.get('add'), { name: 'add', input: Number, isReadonly: false, isAsync: false });
  t.like(operations.get('get'), { name: 'get', input: undefined, isReadonly: true, isAsync: false });
  t.deepEqual([...undecorated], ['undecorated']);
  const counter = new Counter();
  counter.add(2);
  t.is(counter.get(), 2);
});

test('an activity has its method name unless given another, and its queue and retry options', (t) => {
  const retry = { maxAttempts: 3, firstRetryIntervalInMilliseconds: 100 };
  class Mail {
    @Activity({ name: 'mail.send', queue: 'mail', retry, input: [String] }) send(_to: string[]): void {}
    @Activity() async check(address: string): Promise<boolean> {
      return Promise.resolve(address.includes('@'));
    }
  }
  const { activities } = names.activities(Mail);
  t.like(activities.get('send'), { name: 'mail.send', methodName: 'send', queue: 'mail', retry, input: [String] });
  t.like(activities.get('check'), { name: 'check', queue: undefined, retry: undefined, input: String });
});

test('an orchestrator has the version that is given, and none by itself', (t) => {
  @Orchestrator('versioned', { version: '2.1-beta' })
  class Versioned {
    @Run() run(): void {}
  }
  @Orchestrator('inheriting')
  class Inheriting extends Versioned {}
  t.is(names.orchestrator(Versioned).version, '2.1-beta');
  t.is(names.orchestrator(Inheriting).version, undefined);
  for (const version of ['', 'a b', 'x'.repeat(65), 2 as never])
    t.throws(() => Orchestrator('refused', { version })(class {} as never), { instanceOf: InvalidNameError });
});

/** Misuse that does not compile, so it is written as compiled code: decorator, class, method. */
class Example {
  static state = 0;
  static make(): void {}
  *sequence(): Generator<void> {}
  async *stream(): AsyncGenerator<void> {}
  get total(): number {
    return 0;
  }
  [Symbol.iterator](): void {}
  _hidden(): void {}
  toString(): string {
    return '';
  }
  work(): void {}
  async run(): Promise<void> {}
  dotted(): void {}
}

// oxlint-disable-next-line unicorn/no-thenable -- that it is refused is the test
Object.defineProperty(Example.prototype, 'then', { value: () => undefined });

type LooseDecorator = (target: object, name: string | symbol, descriptor?: PropertyDescriptor) => void;
const operation = Operation() as LooseDecorator;
const run = Run() as unknown as LooseDecorator;
const misuses: [title: string, apply: () => void, text: RegExp][] = [
  ['a static method', () => operation(Example, 'make'), /^@Operation on Example\.make: a static .* Drop "static"/],
  ['a getter', () => operation(Example.prototype, 'total'), /Example\.total: this is no method/],
  ['a field', () => operation(Example.prototype, 'field'), /Example\.field: this is no method/],
  ['a symbol', () => operation(Example.prototype, Symbol.iterator), /a symbol cannot travel/],
  ['an underscored method', () => operation(Example.prototype, '_hidden'), /begin with "_" are private/],
  ['then, which would break await', () => operation(Example.prototype, 'then'), /the name "then" is reserved/],
  ["a method of Object's", () => operation(Example.prototype, 'toString'), /the name "toString" is reserved/],
  ['the constructor', () => operation(Example.prototype, 'constructor'), /the name "constructor" is reserved/],
  [
    'a generator as operation',
    () => operation(Example.prototype, 'sequence'),
    /only an orchestrator's run .* Drop the "\*"/,
  ],
  [
    'an async generator as activity',
    () => (Activity() as LooseDecorator)(Example.prototype, 'stream'),
    /Drop the "\*"/,
  ],
  ['@Run() elsewhere than on run', () => run(Example.prototype, 'work'), /Example\.work: .* named "run". Rename it/],
  ['an async run', () => run(Example.prototype, 'run'), /an orchestrator cannot await. Write \*run/],
  [
    'an unknown option',
    () => (Operation({ readOnly: true } as object) as LooseDecorator)(Example.prototype, 'work'),
    /no option "readOnly"; there are: input, optional, readonly/,
  ],
  [
    '@Operation without parentheses',
    () => Operation(Example.prototype as object),
    /written with parentheses: @Operation\(/,
  ],
  ['@Entity without parentheses', () => Entity(Example as never), /written with parentheses: @Entity\(/],
  [
    'no attempts',
    () => retrying({ maxAttempts: 0, firstRetryIntervalInMilliseconds: 1 }),
    /retry\.maxAttempts must be/,
  ],
  [
    'no interval',
    () => retrying({ maxAttempts: 2, firstRetryIntervalInMilliseconds: NaN }),
    /firstRetryInterval.* above 0, below Infinity/,
  ],
  [
    'a shrinking interval',
    () => retrying({ maxAttempts: 2, firstRetryIntervalInMilliseconds: 1, backoffCoefficient: 0.5 }),
    /backoffCoefficient must be at least 1/,
  ],
  [
    'an endless interval',
    () => retrying({ maxAttempts: 2, firstRetryIntervalInMilliseconds: Infinity }),
    /firstRetryInterval.* below Infinity/,
  ],
  [
    'a name instead of options',
    () => (Activity('mail.send' as never) as LooseDecorator)(Example.prototype, 'work'),
    /@Activity on Example\.work: its options are an object with any of: name, queue, .*Got mail\.send/,
  ],
  [
    'an option that @Orchestrator has not',
    () => Orchestrator('x', { queue: 'q' } as never)(Example as never),
    /@Orchestrator\('x'\): there is no option "queue"; there are: version/,
  ],
  ['an entity without a name', () => Entity(undefined as never)(Example as never), /@Entity needs a name/],
  ['@Entity above a method', () => Entity('x')({} as never), /@Entity\('x'\) belongs above a class/],
  [
    '@Items without a class',
    () => Items(undefined as never)(Example.prototype, 'lines'),
    /@Items on Example\.lines needs the class/,
  ],
];

function retrying(retry: object): void {
  (Activity({ retry: retry as never }) as LooseDecorator)(Example.prototype, 'work');
}

for (const [title, apply, text] of misuses)
  test(`refused at once: ${title}`, (t) => {
    t.throws(apply, { instanceOf: DefinitionError, code: 'PERDURE_DEFINITION', message: text });
    t.throws(() => names.activities(Example), { message: /^Example has no activity/ }, 'nothing was recorded');
  });

test('a class is named once', (t) => {
  @Entity('first')
  class Named {
    state = 0;
    *run(): Generator<never> {}
  }
  t.throws(() => Entity('second')(Named), { instanceOf: DefinitionError, message: /twice, "first" and "second"/ });
  t.throws(() => Orchestrator('third')(Named), { instanceOf: DefinitionError, message: /twice, "first" and "third"/ });
});

test('a method is decorated once', (t) => {
  class Twice {
    @Operation() work(): void {}
  }
  t.throws(() => operation(Twice.prototype, 'work'), { instanceOf: DefinitionError, message: /stands there twice/ });
});

for (const name of ['Counter.x', '$JS', '', 'a b', '1st', 'é', 'x'.repeat(65), '_x', '@x'])
  test(`"${name.slice(0, 10)}" names no entity and no orchestrator`, (t) => {
    class Nameless {
      state = 0;
      *run(): Generator<never> {}
    }
    const refused = { instanceOf: InvalidNameError, code: 'PERDURE_INVALID_NAME', message: /must match \^\[A-Za-z\]/ };
    t.throws(() => Entity(name)(Nameless), refused);
    t.throws(() => Orchestrator(name)(Nameless), refused);
    t.throws(() => names.entity(Nameless), { message: /is not an @Entity/ }, 'nothing was recorded');
  });

test('activities may have dots in their names, but nothing else that entities may not', (t) => {
  class Mail {
    send(): void {}
  }
  const name = (name: string) => (Activity({ name }) as LooseDecorator)(Mail.prototype, 'send');
  for (const bad of ['', 'mail send', 'mail/send', '.send', 'x'.repeat(129)])
    t.throws(() => name(bad), { instanceOf: InvalidNameError }, bad);
  name('mail.send');
  t.deepEqual(
    [...names.activities(Mail).activities.values()].map((activity) => activity.name),
    ['mail.send'],
  );
});
