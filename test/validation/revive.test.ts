import test, { type ExecutionContext } from 'ava';
import { ValidateNested } from 'class-validator';
import type { Constructor, InputType, Json } from '../../lib/core/values.js';
import { ForbiddenKeyError, InvalidInputError, type Violation } from '../../lib/errors.js';
import { revive } from '../../lib/validation/revive.js';
import { Address, Line, Order, order, Tree } from './orders.js';

const reviveOrder = (fields: object = {}): Order =>
  revive({ ...order, ...fields } as Json, Order, 'shop.place') as Order;

function violations(t: ExecutionContext, json: Json | undefined, type: InputType): readonly Violation[] {
  const error = t.throws(() => revive(json, type, 'shop.place'), { instanceOf: InvalidInputError });
  t.is(error.code, 'PERDURE_INVALID_INPUT');
  t.is(error.target, 'shop.place');
  return error.violations;
}

function paths(t: ExecutionContext, json: unknown, type: InputType = Order): string[] {
  return violations(t, json as Json, type).map(({ path }) => path);
}

test('plain JSON becomes objects of the declared classes, down to the elements of arrays', (t) => {
  const revived = reviveOrder();
  t.true(revived instanceof Order);
  t.true(revived.address instanceof Address);
  t.true(revived.lines.every((line) => line instanceof Line));
  t.is(revived.total, 3);
  t.deepEqual(revived.lines[1], Object.assign(new Line(), { item: 'cup', amount: 1 }));
});

test('ISO text becomes a Date where one is declared, and nowhere else', (t) => {
  const iso = '2026-11-24T04:00:00.000Z';
  const revived = reviveOrder({ shipped: iso, reminders: [iso, '2026-12-24'], note: iso, tags: [iso] });
  t.deepEqual(revived.placed, new Date(iso));
  t.deepEqual(revived.shipped, new Date(iso), 'also where the declared type is Date | null');
  t.deepEqual(revived.reminders, [new Date(iso), new Date('2026-12-24T00:00:00Z')]);
  t.is(revived.note, iso);
  t.deepEqual(revived.tags, [iso]);
});

test('fields that are not sent keep what the class initializes them with', (t) => {
  const { lines: _, ...rest } = order;
  const revived = revive(rest, Order, 'shop.place') as Order;
  t.deepEqual(revived.lines, []);
  t.is(revived.note, 'none');
  t.is(revived.shipped, undefined);
});

test('null reaches the rules: they say whether it will do', (t) => {
  t.is(reviveOrder({ shipped: null }).shipped, null);
  t.deepEqual(paths(t, { ...order, placed: null, address: null, lines: null }), ['$.address', '$.lines', '$.placed']);
});

test('the value shares nothing with the JSON, which may be frozen', (t) => {
  const json = deepFreeze({ ...order, rates: { a: 1 }, note: { list: [{ deep: true }] }, tags: ['x'] });
  const revived = revive(json as Json, Order, 'shop.place') as Order & { note: { list: { deep: boolean }[] } };
  revived.note.list[0]!.deep = false;
  revived.rates!['a'] = 2;
  revived.tags!.push('y');
  revived.lines.pop();
  t.deepEqual(json.note, { list: [{ deep: true }] });
  t.deepEqual(json.rates, { a: 1 });
  t.deepEqual(json.tags, ['x']);
  t.is(json.lines.length, 2);
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

test('every violation is reported at its path, with the names of the rules', (t) => {
  const json = {
    address: { city: 'x'.repeat(21), street: 5 },
    lines: [{ item: 'tea', amount: 2 }, { item: 'cup', amount: 0.5 }, 'spoon'],
    placed: 'yesterday',
    tags: ['a', 7],
    rates: [],
    surplus: 1,
  };
  const found = Object.fromEntries(violations(t, json, Order).map(({ path, messages }) => [path, messages]));
  t.deepEqual(found, {
    '$.lines[2]': ['isObject: must be an object with the fields of Line'],
    '$.placed': ['isDate: must be a time as ISO 8601 text with zone'],
    '$.surplus': ['unknownField: is not a field of Order; one without a rule needs @Allow()'],
    '$.address.city': ['maxLength: city must be shorter than or equal to 20 characters'],
    '$.address.street': ['isString: street must be a string'],
    '$.lines[1].amount': ['min: amount must not be less than 1', 'isInt: amount must be an integer number'],
    '$.tags': ['isString: each value in tags must be a string'],
    '$.rates': ['isObject: rates must be an object'],
  });
});

test('a nested object that is missing is told, unless its field is optional', (t) => {
  const { address: _, ...json } = order;
  t.deepEqual(violations(t, json, Order), [
    { path: '$.address', messages: ['isDefined: is missing; a field that may be has @IsOptional()'] },
  ]);
  t.deepEqual(paths(t, { ...json, address: 5 }), ['$.address']);
});

test('the text of the error names the target and each path', (t) => {
  t.throws(() => revive({ item: 1, amount: 1 }, Line, 'shop.add'), {
    message: 'The input of shop.add is invalid: $.item: isString: item must be a string',
  });
});

test('paths lead through nested arrays and odd keys', (t) => {
  const deep = { name: 'a', children: [{ name: 'b' }, { name: 'c', twin: { name: 'd', children: [{ name: 5 }] } }] };
  t.deepEqual(paths(t, deep, Tree), ['$.children[1].twin.children[0].name']);
  t.deepEqual(paths(t, { name: 'a', 'odd key': 1, 'line\nbreak': 2, ['x'.repeat(1000)]: 3 }, Tree), [
    '$["odd key"]',
    '$["line\\nbreak"]',
    `$["${'x'.repeat(63)}…"]`,
  ]);
});

for (const json of [undefined, null, 5, 'text', true, [], [order]])
  test(`a DTO is not made of ${JSON.stringify(json)?.slice(0, 10)}`, (t) => {
    t.deepEqual(paths(t, json), ['$']);
  });

test('a missing input says so', (t) => {
  const missing = 'isDefined: is missing; a handler that can do without it says so with the option optional: true';
  t.deepEqual(violations(t, undefined, Order), [{ path: '$', messages: [missing] }]);
  t.deepEqual(violations(t, undefined, [Line]), [{ path: '$', messages: [missing] }]);
});

test('an array input is revived and checked by element', (t) => {
  const revived = revive(order.lines, [Line], 'shop.addAll') as Line[];
  t.true(revived.every((line) => line instanceof Line));
  t.deepEqual(revive([], [Line], 'shop.addAll'), []);
  t.deepEqual(paths(t, [order.lines[0]!, { item: 'cup', amount: 0 }, null], [Line]), ['$[2]', '$[1].amount']);
  t.deepEqual(paths(t, { 0: order.lines[0]! }, [Line]), ['$']);
});

const primitives: [type: InputType, good: Json, bad: Json][] = [
  [String, '', 5],
  [Number, 0, '0'],
  [Boolean, false, 'false'],
  [[String], ['a'], ['a', 5]],
  [Date, '2026-11-24', 'November'],
];

for (const [type, good, bad] of primitives)
  test(`${Array.isArray(type) ? '[String]' : (type as Constructor).name} takes ${JSON.stringify(good)}, not ${JSON.stringify(bad)}`, (t) => {
    t.deepEqual(revive(good, type, 'x'), type === Date ? new Date(good as string) : good);
    t.is(paths(t, bad, type).length, 1);
    t.is(paths(t, null, type).length, 1);
    t.is(paths(t, undefined, type).length, 1);
  });

test('Object takes any value, and none, as a copy', (t) => {
  const json = { a: [1, null, { b: 'c' }] };
  t.deepEqual(revive(json, Object, 'x'), json);
  t.not(revive(json, Object, 'x'), json);
  for (const value of [undefined, null, 0, '', false]) t.is(revive(value, Object, 'x'), value);
});

for (const text of [
  '2026-02-30',
  '2026-13-01',
  '2026-11-24T25:00:00Z',
  '2026-11-24T04:00:00',
  '24.11.2026',
  '',
  '0',
  'Z',
  ' 2026-11-24',
])
  test(`"${text}" is no time`, (t) => {
    t.deepEqual(paths(t, text, Date), ['$']);
  });

for (const text of [
  '2024-02-29',
  '2026-11-24T04:00Z',
  '2026-11-24T04:00:00+05:30',
  '2026-11-24T04:00:00.123456Z',
  '+012026-01-01',
  '0001-01-01',
])
  test(`"${text}" is a time`, (t) => {
    t.deepEqual(revive(text, Date, 'x'), new Date(text));
  });

/** Payloads as they come off the wire: JSON.parse makes own keys of these. */
const attacks: [payload: string, type: InputType, path: string][] = [
  ['{"item":"tea","amount":1,"__proto__":{"isAdmin":true}}', Line, '$.__proto__'],
  ['{"item":"tea","amount":1,"constructor":{"prototype":{"isAdmin":true}}}', Line, '$.constructor'],
  ['{"item":"tea","amount":1,"toString":"x"}', Line, '$.toString'],
  ['{"item":"tea","amount":1,"hasOwnProperty":null}', Line, '$.hasOwnProperty'],
  ['[{"item":"tea","amount":1,"__proto__":[]}]', [Line], '$[0].__proto__'],
  ['{"name":"a","twin":{"name":"b","__proto__":{"children":[]}}}', Tree, '$.twin.__proto__'],
];

for (const [payload, type, path] of attacks)
  test(`no prototype is touched by ${payload}`, (t) => {
    t.deepEqual(paths(t, JSON.parse(payload), type), [path]);
    t.is(({} as { isAdmin?: boolean }).isAdmin, undefined);
    t.is((new Line() as { isAdmin?: boolean }).isAdmin, undefined);
  });

for (const constructor of [null, 'text', 5, { prototype: null }])
  test(`a foreign "constructor": ${JSON.stringify(constructor)} never reaches the validator`, (t) => {
    t.deepEqual(paths(t, { ...order, address: { city: 'Oslo', constructor } }), ['$.address.constructor']);
    t.deepEqual(paths(t, { ...order, address: [{ constructor }] }), ['$.address']);
  });

test('__proto__ inside a value without type is refused where it stands', (t) => {
  const note = JSON.parse('{"a":[{"__proto__":{"isAdmin":true}}]}') as Json;
  const error = t.throws(() => reviveOrder({ note }), { instanceOf: ForbiddenKeyError });
  t.is(error.path, '$.note.a[0]');
  t.throws(() => revive(note, Object, 'x'), { instanceOf: ForbiddenKeyError });
});

test('computed properties and methods cannot be sent', (t) => {
  t.deepEqual(paths(t, { ...order, total: 0 }), ['$.total']);
});

test('declared fields without a rule are accepted as they are', (t) => {
  t.is(reviveOrder({ plain: 'text' }).plain, 'text');
});

test('a class without any rule is built of its declared fields, and refuses others', (t) => {
  class Point {
    x = 0;
    y = 0;
    #hidden = 1;
    sum(): number {
      return this.x + this.y + this.#hidden;
    }
  }
  const point = revive({ x: 2 }, Point, 'x') as Point;
  t.is(point.sum(), 3);
  t.deepEqual(paths(t, { x: 2, z: 3, sum: 4, hidden: 5 }, Point), ['$.z', '$.sum', '$.hidden']);
});

test('rules and fields of base classes count', (t) => {
  class Gift extends Line {
    @ValidateNested() to!: Address;
  }
  const json = { item: 'tea', amount: 1, to: { city: 'Oslo' } };
  t.true((revive(json, Gift, 'x') as Gift).to instanceof Address);
  t.deepEqual(paths(t, { ...json, amount: 0, to: { city: 1 } }, Gift).sort(), ['$.amount', '$.to.city']);
});
