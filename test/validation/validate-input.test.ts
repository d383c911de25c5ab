import test from 'ava';
import 'reflect-metadata';
import {
  IsInt,
  IsOptional,
  IsString,
  Validate,
  ValidateNested,
  ValidatePromise,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { Items } from '../../decorators/index.js';
import type { Constructor, InputType } from '../../lib/core/values.js';
import { DefinitionError, InvalidInputError, TooDeepError, UnserializableError } from '../../lib/errors.js';
import { checkInputType } from '../../lib/validation/check-input-type.js';
import { dehydrate } from '../../lib/validation/dehydrate.js';
import { isDto } from '../../lib/validation/dto-plan.js';
import { isDateField } from '../../lib/validation/field-type.js';
import { revive } from '../../lib/validation/revive.js';
import { validateInput } from '../../lib/validation/validate-input.js';
import { Address, Line, Order, order, Tree } from './orders.js';
import type { Line as HiddenLine } from './orders.js';

const iso = '2026-11-24T04:00:00.000Z';

function orderObject(): Order {
  const object = new Order();
  object.address = Object.assign(new Address(), { city: 'Oslo' });
  object.lines = order.lines.map((line) => Object.assign(new Line(), line));
  object.placed = new Date(iso);
  object.reminders = [new Date(iso)];
  return object;
}

test('a DTO object and a plain object with dates become the same plain JSON', (t) => {
  const plain = { ...order, placed: iso, reminders: [iso], note: 'none' };
  t.deepEqual(validateInput(orderObject(), Order, 'shop.place'), plain);
  const literal = { ...order, placed: new Date(iso), reminders: [new Date(iso)], note: 'none' };
  t.deepEqual(validateInput(literal, Order, 'shop.place'), plain);
  t.deepEqual(validateInput(plain, Order, 'shop.place'), plain);
});

test('what the client validated, the engine revives to an equal object', (t) => {
  const sent = JSON.parse(JSON.stringify(validateInput(orderObject(), Order, 'shop.place'))) as never;
  t.deepEqual(revive(sent, Order, 'shop.place'), orderObject());
});

test('the given value is not changed', (t) => {
  const given = orderObject();
  validateInput(given, Order, 'shop.place');
  t.deepEqual(given, orderObject());
});

test('violations are found before anything is sent, with their paths', (t) => {
  const given = orderObject();
  given.lines[1]!.amount = 0;
  (given.address as { city: unknown }).city = 5;
  const error = t.throws(() => validateInput(given, Order, 'shop.place'), { instanceOf: InvalidInputError });
  t.deepEqual(
    error.violations.map(({ path }) => path),
    ['$.address.city', '$.lines[1].amount'],
  );
});

test('properties that hold undefined count as not sent', (t) => {
  t.deepEqual(validateInput({ ...order.lines[0], surplus: undefined }, Line, 'shop.add'), order.lines[0]);
});

test('values without a type are left to the value codec', (t) => {
  const note = { big: 1n, date: new Date(iso) };
  const sent = validateInput({ ...order, note }, Order, 'shop.place') as { note: unknown };
  t.is(sent.note, note);
  t.is(validateInput(note, Object, 'x'), note);
});

for (const value of [new Map([['item', 'tea']]), new Address(), () => 0, new Date(iso), [], Symbol('x')])
  test(`an object of another class is refused: ${Object.prototype.toString.call(value)}`, (t) => {
    t.throws(() => validateInput(value, Line, 'shop.add'), { instanceOf: InvalidInputError, message: /\$: isObject/ });
  });

test('an object without prototype is plain', (t) => {
  const bare = Object.assign(Object.create(null) as object, order.lines[0]);
  t.deepEqual(validateInput(bare, Line, 'shop.add'), order.lines[0]);
});

test('a Date alone, and arrays of DTO objects', (t) => {
  t.is(validateInput(new Date(iso), Date, 'x'), iso);
  const sent = validateInput(orderObject().lines, [Line], 'x');
  t.deepEqual(sent, order.lines);
  t.false((sent as object[])[0] instanceof Line);
});

test('an invalid Date, a cycle, a throwing getter and a revoked proxy cannot be stored', (t) => {
  const cyclic: { name: string; children: object[] } = { name: 'a', children: [] };
  cyclic.children.push(cyclic);
  const throwing = {
    get item(): string {
      throw new RangeError('broken');
    },
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const cases: [unknown, InputType, string][] = [
    [{ ...order, placed: new Date(NaN) }, Order, '$.placed'],
    [cyclic, Tree, '$.children[0]'],
    [throwing, Line, '$'],
    [proxy, Line, '$'],
  ];
  for (const [value, type, path] of cases) {
    const error = t.throws(() => dehydrate(value, type), { instanceOf: UnserializableError });
    t.is(error.path, path);
  }
});

test('a DTO nested more than 256 deep is refused', (t) => {
  let tree: Tree = { name: 'leaf' };
  for (let depth = 1; depth < 256; depth++) tree = { name: 'node', twin: tree };
  t.notThrows(() => validateInput(tree, Tree, 'x'));
  t.throws(() => validateInput({ name: 'root', twin: tree }, Tree, 'x'), {
    instanceOf: TooDeepError,
    message: /257 > 256/,
  });
});

test('__proto__ in a given value is refused, not followed', (t) => {
  const given = JSON.parse('{"item":"tea","amount":1,"__proto__":{"isAdmin":true}}') as unknown;
  t.throws(() => validateInput(given, Line, 'shop.add'), {
    instanceOf: InvalidInputError,
    message: /\$\.__proto__: unknownField/,
  });
  const plain = dehydrate(given, Line) as object;
  t.is(Object.getPrototypeOf(plain), Object.prototype);
});

test('a class is a DTO when it has rules or was the type of an input', (t) => {
  class Unruled {
    x = 0;
  }
  class NotYet {
    x = 0;
  }
  t.true(isDto(Address));
  t.false(isDto(Unruled));
  checkInputType(Unruled, 'x');
  t.true(isDto(Unruled));
  t.false(isDto(NotYet));
  t.false(isDto(Map));
});

test('date fields are known by their declared type or their rule', (t) => {
  t.deepEqual(
    ['placed', 'shipped', 'reminders', 'lines', 'note', 'nothing'].map((field) => isDateField(Order, field)),
    [true, true, true, false, false, false],
  );
  t.false(isDateField(Needy, 'amount'), 'also in a class that could be no input');
});

// ---- DTO classes that could not work -------------------------------------------------------------------------------

class HiddenNested {
  @ValidateNested() line!: HiddenLine;
}
class NullableNested {
  @ValidateNested() line!: Line | null;
}
class ArrayNested {
  @ValidateNested() lines!: Line[];
}
class Unchecked {
  @IsOptional() line?: Line;
}
class UncheckedItems {
  @Items(Line) @IsOptional() lines?: Line[];
}
class MapField {
  @IsOptional() map?: Map<string, string>;
}
class Deep {
  @Items(MapField) @ValidateNested() fields!: MapField[];
}
class Needy {
  @IsInt() amount: number;
  constructor(source: { amount: number }) {
    this.amount = source.amount;
  }
}
class Empty {}
class Promising {
  @ValidatePromise() @IsString() later!: Promise<string>;
}
@ValidatorConstraint({ async: true })
class Slow implements ValidatorConstraintInterface {
  async validate(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
class Asynchronous {
  @Validate(Slow) name!: string;
}
class Stripped {
  line!: Line;
}
ValidateNested()(Stripped.prototype, 'line');

const unfit: [type: Constructor, text: RegExp][] = [
  [HiddenNested, /HiddenNested\.line: .*'import type'.*import the class as a value/],
  [NullableNested, /NullableNested\.line: .*write "line\?: Line" with @IsOptional\(\)/],
  [ArrayNested, /ArrayNested\.lines: .*Add @Items\(Line\) from 'perdure\/decorators'/],
  [Unchecked, /Unchecked\.line: the rules of Line would not be checked\. Add @ValidateNested\(\)/],
  [UncheckedItems, /UncheckedItems\.lines: the rules of Line would not be checked\. Add @ValidateNested\(\)/],
  [MapField, /Map cannot be an input: it cannot be stored as JSON/],
  [Deep, /Map cannot be an input/],
  [Needy, /Needy cannot be an input: its constructor fails without arguments/],
  [Empty, /Empty cannot be an input: it has no fields at run time/],
  [Promising, /Promising\.later has an asynchronous validator/],
  [Asynchronous, /Asynchronous\.name has an asynchronous validator.*Make it synchronous/],
  [Stripped, /Stripped\.line: .*strips decorator metadata.*import 'perdure\/decorators' first/],
  [Uint8Array, /Uint8Array cannot be an input/],
];

for (const [type, text] of unfit)
  test(`a class that could not work as an input is refused at registration: ${type.name}`, (t) => {
    for (const input of [type, [type] as const]) {
      const error = t.throws(() => checkInputType(input, 'shop.place'), { instanceOf: DefinitionError });
      t.regex(error.message, /^The input of shop\.place: /);
      t.regex(error.message, text);
    }
  });

test('classes that hold themselves, and types that are no DTO, pass', (t) => {
  for (const type of [Tree, [Tree] as const, Order, String, Number, Boolean, Date, Object, [Object] as const])
    t.notThrows(() => checkInputType(type, 'x'));
});
