import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { toFailureDetails } from '../../lib/core/failure.js';
import { sha1 } from '../../lib/core/sha1.js';
import {
  AggregateTaskError,
  CancelledError,
  NonRetriableError,
  RemoteError,
  TaskFailedError,
  type FailureDetails,
} from '../../lib/index.js';
import { failure as failureShape } from '../../lib/wire/history-shapes.js';
import { failureOf, play } from './surroundings.js';

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

// ---- names and classes -----------------------------------------------------------------------------------------------

test('an error goes by the name of its class when it has none of its own, and keeps both when they differ', (t) => {
  class InsufficientFunds extends Error {}
  class Overdrawn extends InsufficientFunds {
    override name = 'E_OVERDRAWN';
  }
  class OutOfRange extends RangeError {}
  const names = (error: Error) => {
    const { name, type } = toFailureDetails(error);
    return [name, type];
  };
  t.deepEqual(names(new InsufficientFunds()), ['InsufficientFunds', undefined]);
  t.deepEqual(names(new Overdrawn()), ['E_OVERDRAWN', 'Overdrawn']);
  t.deepEqual(names(new OutOfRange()), ['RangeError', 'OutOfRange']);
  t.deepEqual(names(new DOMException('x', 'AbortError')), ['AbortError', 'DOMException']);
  t.deepEqual(names(new Error()), ['Error', undefined]);
  t.deepEqual(names(Object.assign(new Error(), { name: 'Named' })), ['Named', 'Error']);
});

test('a failure is data: whatever it calls itself, no class is made of it, and its code sees a TaskFailedError', (t) => {
  const cause = { name: 'TaskTimedOutError', message: 'm', code: 'PERDURE_TASK_TIMED_OUT' };
  const failure = {
    name: 'CancelledError',
    message: 'm',
    code: 'PERDURE_CANCELLED',
    fields: { isRemote: true },
    cause,
  };
  const s = play(function* (ctx) {
    try {
      return yield* ctx.callActivity('pay');
    } catch (error) {
      const { cause: inner } = error as Error;
      return [error, inner].map((one) => [(one as object).constructor.name, one instanceof CancelledError]);
    }
  });
  s.start();
  t.deepEqual(s.play({ type: 'TaskFailed', at: 5, id: 0, failure }).completion, {
    type: 'Completed',
    output: [
      ['TaskFailedError', false],
      ['RemoteError', false],
    ],
  });
});

test('isCausedBy knows errors by name and class, in the failure itself and in its causes', (t) => {
  class InsufficientFunds extends Error {}
  class OutOfRange extends RangeError {}
  const failed = (error: Error) => new TaskFailedError('activity "pay"', toFailureDetails(error));
  const wrapped = failed(new Error('failed', { cause: new InsufficientFunds('only 5') }));
  for (const error of ['Error', 'InsufficientFunds', InsufficientFunds]) t.true(wrapped.isCausedBy(error));
  for (const error of ['RangeError', OutOfRange, 'only 5']) t.false(wrapped.isCausedBy(error));
  for (const error of [RangeError, OutOfRange]) t.true(failed(new OutOfRange()).isCausedBy(error));
});

test('of a long chain of causes the middle is left out, and the innermost kept, wherever it came from', (t) => {
  class Root extends Error {}
  const wrapped = (cause: unknown) => {
    let error = cause;
    for (let n = 0; n < 10; n++) error = new Error(`level ${n}`, { cause: error });
    return new RemoteError(toFailureDetails(error));
  };
  const details = { name: 'Root', message: 'elsewhere' };
  for (const cause of [new Root('here'), new TaskFailedError('activity "a"', details), new RemoteError(details)])
    t.true(wrapped(cause).isCausedBy(Root));
  const inner = new TaskFailedError('activity "a"', { name: 'E', message: 'm', cause: details });
  t.true(wrapped(inner).isCausedBy(Root));
  t.is(wrapped('text').failureDetails.cause?.cause?.cause?.cause?.message, 'text');
});

test('aggregates in aggregates do not grow without bound', (t) => {
  let errors: unknown[] = [new RangeError('x'.repeat(10_000))];
  for (let level = 0; level < 6; level++)
    errors = Array.from({ length: 10 }, () => new AggregateError(errors, 'm'.repeat(10_000)));
  t.true(JSON.stringify(toFailureDetails(errors[0])).length < 360 * 1_024);
});

test('isCausedBy sees through as many sub-orchestrations and entities as there are', (t) => {
  class InsufficientFunds extends Error {}
  let details = toFailureDetails(new InsufficientFunds('only 5'));
  for (let level = 0; level < 12; level++) {
    const s = play(function* (ctx) {
      yield* level % 2 === 0 ? ctx.callSubOrchestrator('child') : ctx.callEntity('account', 'a', 'pay');
    });
    s.start();
    const type = level % 2 === 0 ? 'SubOrchestrationInstanceFailed' : 'EntityOperationFailed';
    details = failureOf(s.play({ type, at: s.now, id: 0, failure: details }))!;
    let [depth, at] = [0, details.cause];
    for (; at; at = at.cause) depth += 1;
    t.is(depth, Math.min(level + 1, 4));
  }
  t.true(new RemoteError(details).isCausedBy(InsufficientFunds));
});

test('every error of an aggregate is told, the first as the cause and nine more in brief', (t) => {
  const failed = (name: string) =>
    new TaskFailedError('activity "a"', { name, message: 'm'.repeat(5_000), stack: 's' });
  const all = Array.from({ length: 12 }, (_, n) => failed(`Error${n}`));
  const details = toFailureDetails(new AggregateTaskError(all, 12));
  t.is(details.cause?.cause?.name, 'Error0');
  t.deepEqual(
    details.errors?.map(({ cause }) => cause?.name),
    Array.from({ length: 9 }, (_, n) => `Error${n + 1}`),
  );
  t.true(JSON.stringify(details.errors).length < 20_000);
  t.false(JSON.stringify(details.errors).includes('stack'));
  const remote = new RemoteError(details);
  t.true(remote.isCausedBy('Error0') && remote.isCausedBy('Error9'));
  t.false(remote.isCausedBy('Error10'), 'it is not told any more');
  t.true(new AggregateTaskError(all, 12).isCausedBy('Error11'));
  t.true(new AggregateTaskError([new RangeError()], 1).isCausedBy(RangeError));
  t.false(new AggregateTaskError([new RangeError(), 'text'], 2).isCausedBy(TypeError));
});

// ---- fields ----------------------------------------------------------------------------------------------------------

test('fields of an error that are plain data are kept', (t) => {
  const fields = { missing: 5, account: { key: 'alice', tags: ['a', null, true] }, zero: 0, empty: '', no: false };
  const at = new Date(0);
  class Mark {}
  const others = {
    make: () => 1,
    id: Symbol('s'),
    big: 5n,
    nan: NaN,
    nothing: undefined,
    map: new Map(),
    mark: new Mark(),
  };
  const error = Object.assign(new Error('no'), fields, others, { at, code: 5 });
  t.deepEqual(toFailureDetails(error).fields, { ...fields, at: '1970-01-01T00:00:00.000Z', code: 5 });
  t.false('fields' in toFailureDetails(new Error('none')));
  t.false(
    'fields' in toFailureDetails(Object.assign(new Error('told otherwise'), { code: 'E', isNonRetriable: true })),
  );
});

test('fields are as many as fit into 4 KiB, each whole', (t) => {
  const fields = { a: 'a'.repeat(3_000), b: 'b'.repeat(3_000), c: 'c'.repeat(500) };
  const kept = toFailureDetails(Object.assign(new Error('x'), fields)).fields;
  t.deepEqual(Object.keys(kept ?? {}), ['a', 'c']);
});

test('hostile fields are survived', (t) => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const many = Array.from({ length: 1_000 }, () => 0);
  const proto: unknown = JSON.parse('{"__proto__":{"polluted":1}}');
  const error = Object.assign(new Error('x'), { circle, many, proto, half: '\ud800', good: 1 });
  t.deepEqual(toFailureDetails(error).fields, { half: '\ufffd', good: 1 });
  const getter = Object.defineProperty(new Error('kept'), 'bad', {
    enumerable: true,
    get() {
      throw new Error('getter');
    },
  });
  t.like(toFailureDetails(getter), { message: 'kept' });
});

test('whatever is thrown can be stored and read back as it was told', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.dictionary(fc.string(), fc.anything()), (message, fields) => {
      const error = new NonRetriableError(message, { cause: new AggregateError([new RangeError(message), fields]) });
      for (const [name, value] of Object.entries(fields))
        Object.defineProperty(error, name, { value, enumerable: true });
      const details = toFailureDetails(error);
      t.deepEqual(failureShape(JSON.parse(JSON.stringify(details))), details);
    }),
    { numRuns: 300 },
  );
});

test('a failure that tells more than is known is read without that, and an older one as it is', (t) => {
  const older: FailureDetails = { name: 'E', message: 'm', code: 'C', stack: 's', cause: { name: 'F', message: 'n' } };
  t.deepEqual(failureShape({ ...older, later: 1 }), older);
  for (const wrong of [{ fields: [] }, { nonRetriable: false }, { errors: {} }, { type: 5 }])
    t.throws(() => failureShape({ name: 'E', message: 'm', ...wrong }));
});

test('SHA-1 is what the standard says, for every length', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      t.deepEqual(Buffer.from(sha1(data)), createHash('sha1').update(data).digest());
    }),
    { numRuns: 500 },
  );
});
