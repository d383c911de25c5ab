import { checkJson } from '../../lib/wire/json.js';
import { encodeValue } from '../../lib/wire/value-encoder.js';
import type { BadInput } from './row.js';

const input = (value: unknown) => () => encodeValue(value);
const fromOutside = (text: string) => () => checkJson(JSON.parse(text));

const unserializable = (text: RegExp) => ({ code: 'PERDURE_UNSERIALIZABLE', text }) as const;
const forbiddenKey = (text: RegExp) => ({ code: 'PERDURE_FORBIDDEN_KEY', text }) as const;
const tooDeep = { code: 'PERDURE_TOO_DEEP', text: /: 257 > 256 at \$/ } as const;

function nestedArrays(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}

function cycle(): object {
  const root: { a?: unknown } = {};
  root.a = root;
  return root;
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const throwingGetter = {
  get a(): never {
    throw new Error('no');
  },
};

const instances = [new Map(), new Set(), /x/, new Error('x'), new Uint8Array(1), Buffer.from('x'), Promise.resolve()];

/** Values that JSON would alter, lose or choke on: refused with the path of the culprit. */
export const values: readonly BadInput[] = [
  { row: 28, title: 'input: BigInt', attempt: input({ a: 1n }), error: unserializable(/at \$\.a .*bigint/) },
  { row: 29, title: 'input: a cycle', attempt: input(cycle()), error: unserializable(/cycle \$\.a -> \$$/) },
  { row: 30, title: 'input: NaN', attempt: input([NaN]), error: unserializable(/at \$\[0\] .*NaN/) },
  { row: 30, title: 'input: Infinity', attempt: input(-Infinity), error: unserializable(/-Infinity/) },
  ...instances.map((instance) => ({
    row: 31,
    title: `input: ${instance.constructor.name}`,
    attempt: input({ a: instance }),
    error: unserializable(new RegExp(`at \\$\\.a .*an instance of ${instance.constructor.name}; `)),
  })),
  {
    row: 31,
    title: 'input: Date',
    attempt: input({ a: new Date(0) }),
    error: unserializable(/use an ISO string or declare the DTO field as Date$/),
  },
  { row: 32, title: 'input: a function', attempt: input({ a: () => 1 }), error: unserializable(/at \$\.a .*function/) },
  { row: 32, title: 'input: a symbol', attempt: input([Symbol('s')]), error: unserializable(/at \$\[0\] .*symbol/) },
  {
    row: 32,
    title: 'input: a symbol as key',
    attempt: input({ [Symbol('s')]: 1 }),
    error: unserializable(/a symbol as key: Symbol\(s\)$/),
  },
  {
    row: 33,
    title: 'input: undefined in an array',
    attempt: input([1, undefined]),
    error: unserializable(/at \$\[1\] .*undefined/),
  },
  { row: 33, title: 'input: a hole in an array', attempt: input(Array(2)), error: unserializable(/at \$\[0\] .*hole/) },
  {
    row: 34,
    title: 'input: a getter that throws',
    attempt: input(throwingGetter),
    error: unserializable(/at \$\.a .*getter threw: no$/),
  },
  {
    row: 35,
    title: 'input: a revoked Proxy',
    attempt: input({ a: revokedProxy() }),
    error: unserializable(/at \$\.a .*revoked/),
  },
  { row: 36, title: 'input: toJSON that returns data', attempt: input({ toJSON: () => [1] }), becomes: [1] },
  {
    row: 36,
    title: 'input: toJSON that returns a bigint',
    attempt: input({ toJSON: () => 1n }),
    error: unserializable(/bigint/),
  },
  { row: 37, title: 'input: 10,000 deep', attempt: input(nestedArrays(10_000)), error: tooDeep },
  {
    row: 37,
    title: 'input from outside: 10,000 deep',
    attempt: fromOutside('['.repeat(1e4) + ']'.repeat(1e4)),
    error: tooDeep,
  },
  {
    row: 38,
    title: 'input: __proto__ as key',
    attempt: input(JSON.parse('{"__proto__":{"isAdmin":true}}')),
    error: forbiddenKey(/"__proto__" at \$ /),
  },
  {
    row: 38,
    title: 'input from outside: __proto__ as key',
    attempt: fromOutside('{"__proto__":{"isAdmin":true}}'),
    error: forbiddenKey(/"__proto__" at \$ /),
  },
  {
    row: 39,
    title: 'input: constructor.prototype',
    attempt: input({ constructor: { prototype: {} } }),
    error: forbiddenKey(/"prototype" at \$\.constructor /),
  },
  {
    row: 39,
    title: 'input from outside: constructor.prototype',
    attempt: fromOutside('{"constructor":{"prototype":{}}}'),
    error: forbiddenKey(/"prototype" at \$\.constructor /),
  },
  { row: 42, title: 'input from outside: a key twice', attempt: fromOutside('{"a":1,"a":2}'), becomes: { a: 2 } },
  {
    row: 43,
    title: 'input: a lone surrogate',
    attempt: input({ a: 'x\udc00' }),
    error: unserializable(/at \$\.a .*malformed Unicode/),
  },
  {
    row: 43,
    title: 'input from outside: a lone surrogate',
    attempt: fromOutside('["\\ud800"]'),
    error: unserializable(/at \$\[0\] .*malformed Unicode/),
  },
];
