import { entityAddress, orchestrationAddress } from '../../lib/wire/addresses.js';
import { checkEntityKey } from '../../lib/wire/checks.js';
import type { BadInput } from './row.js';

const key = (value: unknown) => () => entityAddress({ name: 'counter', key: checkEntityKey(value) });
const name = (value: string) => () => entityAddress({ name: value, key: 'a' });
const instance = (value: string) => () => orchestrationAddress(value);

const invalidId = (text: RegExp) => ({ code: 'PERDURE_INVALID_ID', text }) as const;
const invalidName = { code: 'PERDURE_INVALID_NAME', text: /^Invalid entity name: ".*" does not match / } as const;

/** Ids and names: refused at the door, or encoded so that no character means anything to the server. */
export const ids: readonly BadInput[] = [
  { row: 1, title: 'entity key: empty', attempt: key(''), error: invalidId(/^Invalid entity key: empty$/) },
  { row: 2, title: 'entity key: a.b', attempt: key('a.b'), becomes: 'e.counter.a=2Eb' },
  { row: 3, title: 'entity key: *', attempt: key('*'), becomes: 'e.counter.=2A' },
  { row: 4, title: 'entity key: >', attempt: key('>'), becomes: 'e.counter.=3E' },
  { row: 5, title: 'entity key: a space', attempt: key('a b'), becomes: 'e.counter.a=20b' },
  { row: 6, title: 'entity key: a tab', attempt: key('a\tb'), error: invalidId(/control character at 1$/) },
  {
    row: 7,
    title: 'entity key: CR LF and a protocol line',
    attempt: key('a\r\nPUB x 1\r\n..'),
    error: invalidId(/control character at 1$/),
  },
  { row: 8, title: 'entity key: a line feed', attempt: key('\n'), error: invalidId(/control character at 0$/) },
  { row: 9, title: 'entity key: NUL', attempt: key('a\0'), error: invalidId(/control character at 1$/) },
  { row: 9, title: 'entity key: DEL', attempt: key('\x7f'), error: invalidId(/control character at 0$/) },
  {
    row: 9,
    title: 'entity key: a line separator',
    attempt: key('ab\u2028'),
    error: invalidId(/control character at 2$/),
  },
  {
    row: 10,
    title: 'entity key: 257 bytes',
    attempt: key('x'.repeat(257)),
    error: invalidId(/too long \(257 > 256\)/),
  },
  {
    row: 10,
    title: 'entity key: 129 characters of 258 bytes',
    attempt: key('é'.repeat(129)),
    error: invalidId(/too long \(258 > 256\)/),
  },
  {
    row: 11,
    title: 'entity key: 5,000 characters',
    attempt: key('x'.repeat(5_000)),
    error: invalidId(/too long \(5000 > 256\)/),
  },
  { row: 12, title: 'entity key: a lone surrogate', attempt: key('a\ud800'), error: invalidId(/malformed Unicode/) },
  { row: 13, title: 'entity key: an emoji', attempt: key('😀'), becomes: 'e.counter.=F0=9F=98=80' },
  { row: 13, title: 'entity key: a right-to-left mark', attempt: key('\u202eabc'), becomes: 'e.counter.=E2=80=AEabc' },
  { row: 14, title: 'entity key: é composed', attempt: key('\u00e9'), becomes: 'e.counter.=C3=A9' },
  { row: 14, title: 'entity key: é decomposed is another key', attempt: key('e\u0301'), becomes: 'e.counter.e=CC=81' },
  { row: 15, title: 'entity key: ..', attempt: key('..'), becomes: 'e.counter.=2E=2E' },
  {
    row: 15,
    title: 'entity key: ../../x',
    attempt: key('../../x'),
    error: invalidId(/character not allowed: \/ at 2/),
  },
  { row: 17, title: 'entity key: __proto__', attempt: key('__proto__'), becomes: 'e.counter.__proto__' },
  { row: 17, title: 'entity key: constructor', attempt: key('constructor'), becomes: 'e.counter.constructor' },
  { row: 18, title: 'entity key: a number', attempt: key(1), error: invalidId(/must be a string, got number$/) },
  { row: 18, title: 'entity key: null', attempt: key(null), error: invalidId(/must be a string, got null$/) },
  { row: 18, title: 'entity key: an object', attempt: key({}), error: invalidId(/must be a string, got object$/) },
  { row: 19, title: 'entity name: Counter.x', attempt: name('Counter.x'), error: invalidName },
  { row: 19, title: 'entity name: $JS', attempt: name('$JS'), error: invalidName },
  { row: 19, title: 'entity name: empty', attempt: name(''), error: invalidName },
  {
    row: 21,
    title: 'instance id: @counter@1',
    attempt: instance('@counter@1'),
    error: invalidId(/^Invalid instance id: must not start with @/),
  },
  ...['/', '\\', '#', '?'].map((character) => ({
    row: 22,
    title: `instance id: contains ${character}`,
    attempt: instance(`a${character}b`),
    error: invalidId(new RegExp(`character not allowed: \\${character} at 1`)),
  })),
];
