/** Rows of the catalogue of bad inputs as a client's caller hands them over. */

export function deep(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

function cycle(): object {
  const root: { a?: object } = {};
  root.a = root;
  return root;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const thrower = {
  get a(): number {
    throw new Error('no');
  },
};

/** Values that no door takes, each with the code of its error. */
export const badValues: readonly (readonly [row: number, value: () => unknown, code: string])[] = [
  [28, () => ({ a: 1n }), 'PERDURE_UNSERIALIZABLE'],
  [29, cycle, 'PERDURE_UNSERIALIZABLE'],
  [30, () => NaN, 'PERDURE_UNSERIALIZABLE'],
  [30, () => [Infinity], 'PERDURE_UNSERIALIZABLE'],
  [31, () => new Map(), 'PERDURE_UNSERIALIZABLE'],
  [31, () => new Date(0), 'PERDURE_UNSERIALIZABLE'],
  [31, () => new Uint8Array(1), 'PERDURE_UNSERIALIZABLE'],
  [32, () => () => 1, 'PERDURE_UNSERIALIZABLE'],
  [33, () => [undefined], 'PERDURE_UNSERIALIZABLE'],
  [34, () => thrower, 'PERDURE_UNSERIALIZABLE'],
  [35, revoked, 'PERDURE_UNSERIALIZABLE'],
  [36, () => ({ toJSON: () => 1n }), 'PERDURE_UNSERIALIZABLE'],
  [37, () => deep(10_000), 'PERDURE_TOO_DEEP'],
  [38, () => JSON.parse('{"__proto__":{"isAdmin":true}}') as unknown, 'PERDURE_FORBIDDEN_KEY'],
  [39, () => JSON.parse('{"constructor":{"prototype":{}}}') as unknown, 'PERDURE_FORBIDDEN_KEY'],
  [40, () => 'x'.repeat(16 * 1_048_576 - 1), 'PERDURE_PAYLOAD_TOO_LARGE'],
  [43, () => '\ud800', 'PERDURE_UNSERIALIZABLE'],
];

/** Texts, and other things, that are neither an instance id nor an entity key. */
export const badIds: readonly (readonly [row: number, id: unknown])[] = [
  [1, ''],
  [6, 'a\tb'],
  [7, 'a\r\nPUB x 1\r\n..'],
  [8, '\n'],
  [9, 'a\0'],
  [10, 'x'.repeat(257)],
  [11, 'x'.repeat(5_000)],
  [12, '\ud800'],
  [15, '../../x'],
  [18, 1],
  [18, null],
  [18, {}],
  [22, 'a#b'],
  [22, 'a/b'],
  [22, 'a\\b'],
  [22, 'a?b'],
];

/** Keys that mean something elsewhere and nothing here (rows 2 to 5, 13 to 15, 17). */
export const oddKeys = ['a.b', '*', '>', 'a b', '..', '🙂', '\u202e', 'e\u0301', 'é', '__proto__', 'constructor'];
