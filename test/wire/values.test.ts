import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { createDraft } from 'immer';
import fc from 'fast-check';
import { ForbiddenKeyError, PerdureError, TooDeepError, UnserializableError } from '../../lib/errors.js';
import type { Json } from '../../lib/core/values.js';
import { checkJson, copyJson } from '../../lib/wire/json.js';
import { createValueCodec } from '../../lib/wire/value-codec.js';
import { encodeValue } from '../../lib/wire/value-encoder.js';

/** Every array and object of a value. */
function holders(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value === 'object' && value !== null && !found.has(value)) {
    found.add(value);
    for (const member of Object.values(value)) holders(member, found);
  }
  return found;
}

function isPlain(holder: object): boolean {
  return Object.getPrototypeOf(holder) === (Array.isArray(holder) ? Array.prototype : Object.prototype);
}

function isFreshCopy(copy: unknown, original: unknown): boolean {
  const originals = holders(original);
  return [...holders(copy)].every((holder) => isPlain(holder) && !originals.has(holder));
}

const rootPrototypes = () => [Object.prototype, Array.prototype].map((prototype) => Reflect.ownKeys(prototype));
const rootPrototypesBefore = rootPrototypes();

const hostileKeys = fc.constantFrom('__proto__', 'constructor', 'prototype', 'toJSON', 'a', 'b');
const { tree: hostileJson } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.array(fc.tuple(hostileKeys, tie('tree')), { maxLength: 3 }).map((entries) => {
      const object = {};
      for (const [key, value] of entries)
        Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
      return object;
    }),
  ),
}));

test('100,000 random JSON values come back equal, plain and unshared, or are refused with a typed error', (t) => {
  let refused = 0;
  fc.assert(
    fc.property(hostileJson, (value) => {
      const parsed: unknown = JSON.parse(JSON.stringify(value));
      let encoded: Json;
      try {
        encoded = encodeValue(value)!;
      } catch (error) {
        refused++;
        t.throws(() => checkJson(parsed), { instanceOf: ForbiddenKeyError });
        return error instanceof ForbiddenKeyError;
      }
      const copy = copyJson(encoded);
      return (
        isDeepStrictEqual(encoded, parsed) &&
        isDeepStrictEqual(copy, parsed) &&
        isFreshCopy(encoded, value) &&
        isFreshCopy(copy, encoded) &&
        checkJson(parsed) === parsed
      );
    }),
    { numRuns: 100_000, seed: 1 },
  );
  t.true(refused > 500, `${refused} refused`);
  t.deepEqual(rootPrototypes(), rootPrototypesBefore);
});

test('any JavaScript value is encoded as JSON keeps it, or refused with a typed error', (t) => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withBoxedValues: true,
    withObjectString: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      try {
        const encoded = encodeValue(value);
        return (
          encoded === undefined ||
          (isDeepStrictEqual(encoded, JSON.parse(JSON.stringify(value))) && isFreshCopy(encoded, value))
        );
      } catch (error) {
        return error instanceof PerdureError;
      }
    }),
    { numRuns: 10_000, seed: 1 },
  );
  t.pass();
});

test('what JSON drops without loss of meaning is dropped: undefined properties and the sign of zero', (t) => {
  t.deepEqual(encodeValue({ a: undefined, b: 1 }), { b: 1 });
  t.true(Object.is(encodeValue(-0), 0));
  t.is(encodeValue(undefined), undefined);
  t.deepEqual(encodeValue(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
  t.deepEqual(encodeValue(Object.defineProperty({ a: 1 }, Symbol('hidden'), { enumerable: false })), { a: 1 });
});

test('plain data of another realm and immer drafts are data', (t) => {
  t.deepEqual(encodeValue(runInNewContext('({ a: [1, { b: 2 }] })')), { a: [1, { b: 2 }] });
  const draft = createDraft({ lines: [{ n: 1 }] });
  draft.lines.push({ n: 2 });
  t.deepEqual(encodeValue(draft), { lines: [{ n: 1 }, { n: 2 }] });
});

test('each refusal names the path of the value at fault', (t) => {
  const path = (value: unknown) => t.throws(() => encodeValue(value), { instanceOf: UnserializableError }).path;
  t.is(path(1n), '$');
  t.is(path({ a: [0, { b: 1n }] }), '$.a[1].b');
  t.is(path({ 'a b': 1n }), '$["a b"]');
  t.is(path([[undefined]]), '$[0][0]');
  t.is(
    path({
      a: {
        get b(): never {
          throw new Error('no');
        },
      },
    }),
    '$.a.b',
  );
  t.is(path({ a: { toJSON: () => ({ b: () => 1 }) } }), '$.a.b');
  const leaf: Record<string, unknown> = {};
  const root = { list: [leaf] };
  leaf['up'] = root.list;
  t.throws(() => encodeValue(root), {
    message: 'The value at $.list[0].up cannot be stored: cycle $.list[0].up -> $.list',
  });
  t.is(path({ ['x'.repeat(100)]: 1n }), `$["${'x'.repeat(63)}…"]`);
});

test('whatever user code throws while it is read becomes the text of a typed error', (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const thrown of [null, undefined, 'text', proxy, Object.create(null), Symbol('s')])
    for (const value of [
      {
        get a() {
          throw thrown;
        },
      },
      {
        toJSON() {
          throw thrown;
        },
      },
    ])
      t.throws(() => encodeValue(value), { instanceOf: UnserializableError });
});

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = level % 2 ? [value] : { a: value };
  return value;
}

test('nesting is accepted to 256 and refused beyond, both ways, at any depth', (t) => {
  t.deepEqual(encodeValue(nested(256)), nested(256) as Json);
  t.notThrows(() => checkJson(nested(256)));
  for (const depth of [257, 10_000, 1_000_000]) {
    const value = nested(depth);
    for (const refuse of [encodeValue, checkJson]) {
      const error = t.throws(() => refuse(value), { instanceOf: TooDeepError });
      t.regex(error.message, /: 257 > 256 at \$/);
      t.true(error.path.length < 200);
    }
  }
  t.throws(() => checkJson(JSON.parse('['.repeat(1e6) + ']'.repeat(1e6))), { instanceOf: TooDeepError });
});

test('toJSON is asked once, and its result is checked like any value', (t) => {
  let asked = 0;
  const counted = { toJSON: () => (asked++, { kept: true }) };
  t.deepEqual(encodeValue([counted]), [{ kept: true }]);
  t.is(asked, 1);
  t.throws(() => encodeValue({ toJSON: () => new Map() }), { instanceOf: UnserializableError });
  t.throws(() => encodeValue({ toJSON: () => ({ toJSON: () => 1 }) }), { instanceOf: UnserializableError });
  t.throws(() => encodeValue([{ toJSON: () => undefined }]), { instanceOf: UnserializableError });
});

class Amount {
  amount = 1;
  due?: unknown;
}

test('instances of registered DTO classes are data, of others not', (t) => {
  const isDto = (type: unknown) => type === Amount;
  t.deepEqual(encodeValue([new Amount()], { isDto }), [{ amount: 1 }]);
  t.throws(() => encodeValue(new (class Other extends Amount {})(), { isDto }), { message: /an instance of Other; / });
  t.throws(() => encodeValue(new Amount()), {
    message:
      'The value at $ cannot be stored: an instance of Amount; convert it to plain data, or declare its class as a DTO',
  });
});

test('a date is stored in a DTO field declared so, and nowhere else', (t) => {
  const rules = {
    isDto: (type: unknown) => type === Amount,
    isDateField: (_: unknown, field: string) => field === 'due',
  };
  const due = new Date(0);
  t.deepEqual(encodeValue(Object.assign(new Amount(), { due }), rules), { amount: 1, due: '1970-01-01T00:00:00.000Z' });
  t.deepEqual(encodeValue(Object.assign(new Amount(), { due: [due] }), rules), {
    amount: 1,
    due: ['1970-01-01T00:00:00.000Z'],
  });
  t.throws(() => encodeValue(Object.assign(new Amount(), { due: new Date(NaN) }), rules), {
    message: /\$\.due .*an invalid Date/,
  });
  t.throws(() => encodeValue({ due }, rules), {
    message: 'The value at $.due cannot be stored: a Date; use an ISO string or declare the DTO field as Date',
  });
});

test('with the option tagged, dates are stored anywhere and come back as dates', (t) => {
  const codec = createValueCodec({ dates: 'tagged' });
  const value = { due: new Date(5), list: [new Date(6)], plain: { $date: 5, other: 1 } };
  const encoded = codec.encode(value)!;
  t.deepEqual(encoded, JSON.parse(JSON.stringify(encoded)));
  t.deepEqual(codec.decode(encoded), value);
  t.throws(() => codec.encode({ $date: '2026' }), { instanceOf: UnserializableError });
  t.throws(() => codec.encode(new Date(NaN)), { instanceOf: UnserializableError });
});

test('the codec hands out fresh values, and typed ones through the reviver', (t) => {
  const codec = createValueCodec({ revive: (json, type, target) => ({ json, type, target }) });
  const json = { a: [1] };
  const first = codec.decode(json) as { a: number[] };
  first.a.push(2);
  t.deepEqual(codec.decode(json), { a: [1] });
  t.is(codec.decode(undefined), undefined);
  t.deepEqual(codec.decode(json, Amount, 'account.deposit'), { json, type: Amount, target: 'account.deposit' });
});

test('parsed data from outside is refused where a copy of it could change a prototype', (t) => {
  const refuse = (text: string) => t.throws(() => checkJson(JSON.parse(text)), { instanceOf: Error });
  t.like(refuse('[{"__proto__":1}]'), { code: 'PERDURE_FORBIDDEN_KEY', path: '$[0]', key: '__proto__' });
  t.like(refuse('{"a":{"constructor":{"prototype":1}}}'), { code: 'PERDURE_FORBIDDEN_KEY', path: '$.a.constructor' });
  t.like(refuse('{"a":1e999}'), { code: 'PERDURE_UNSERIALIZABLE', path: '$.a' });
  t.like(refuse('["\\ud800"]'), { code: 'PERDURE_UNSERIALIZABLE', path: '$[0]' });
  t.like(refuse('{"\\ud800":1}'), { code: 'PERDURE_UNSERIALIZABLE', path: '$' });
  t.notThrows(() => checkJson(JSON.parse('{"constructor":"Ford","prototype":true,"a":{"constructor":{}}}')));
});
