import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { toFailureDetails } from '../../lib/core/failure.js';
import { sha1 } from '../../lib/core/sha1.js';
import { RemoteError, TaskFailedError } from '../../lib/index.js';

const longest = 8 * 1_024;
const bytes = (text: string) => Buffer.byteLength(text, 'utf8');

test('row 45: whatever is thrown becomes a text', (t) => {
  const message = (thrown: unknown) => toFailureDetails(thrown).message;
  t.is(message(null), 'null');
  t.is(message(undefined), 'undefined');
  t.is(message('a string'), 'a string');
  t.is(message(Symbol('s')), 'Symbol(s)');
  t.is(message({ message: 'like an error' }), 'like an error');
  t.is(message({ code: 5 }), '{"code":5}');
});

test('row 45: hostile values are survived', (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const hostile = Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('getter');
    },
  });
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  for (const thrown of [proxy, hostile, cycle])
    t.deepEqual(toFailureDetails(thrown), { name: 'Error', message: 'A value was thrown that cannot be read.' });
});

test('row 46: a long message is cut at 8 KiB of UTF-8, with a mark, between characters', (t) => {
  for (const character of ['a', 'é', '漢', '😀']) {
    const { message, stack } = toFailureDetails(new Error(character.repeat(100_000)));
    t.true(bytes(message) <= longest && bytes(message) > longest - 100);
    t.regex(message, /… \(cut: \d+ more characters\)$/);
    t.true((message as string & { isWellFormed(): boolean }).isWellFormed());
    t.true(bytes(stack ?? '') <= longest);
  }
  const fits = 'é'.repeat(longest / 2);
  t.is(toFailureDetails(new Error(fits)).message, fits);
});

test('row 47: causes are kept 4 deep, also when they run in a circle', (t) => {
  const error = new Error('round');
  error.cause = error;
  let depth = 0;
  for (let at = toFailureDetails(error).cause; at; at = at.cause) depth += 1;
  t.is(depth, 4);
});

test('name, message and a code that is a string are kept', (t) => {
  const error = Object.assign(new TypeError('bad'), { code: 'E_BAD' });
  const { stack, ...details } = toFailureDetails(error);
  t.deepEqual(details, { name: 'TypeError', message: 'bad', code: 'E_BAD' });
  t.true(stack?.startsWith('TypeError: bad'));
  t.false('code' in toFailureDetails(Object.assign(new Error(), { code: 5 })));
});

test('a failure that came from elsewhere keeps what it was', (t) => {
  const details = { name: 'InsufficientFunds', message: 'only 5', cause: { name: 'RangeError', message: 'below' } };
  const failed = toFailureDetails(new TaskFailedError('activity "pay"', details));
  t.is(failed.name, 'TaskFailedError');
  t.deepEqual(failed.cause, details);
  t.deepEqual(toFailureDetails(new RemoteError(details)), details);
});

test('SHA-1 is what the standard says, for every length', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      t.deepEqual(Buffer.from(sha1(data)), createHash('sha1').update(data).digest());
    }),
    { numRuns: 500 },
  );
});
