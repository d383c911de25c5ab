import { IllegalAwaitError } from '../errors.js';

const promiseHint = 'a promise. Do the IO in an activity and wait for that: yield* ctx.callActivity(…)';

/** What was wrong when an orchestrator yielded something that is no task. */
export function illegalYield(value: unknown): IllegalAwaitError {
  return new IllegalAwaitError(`The orchestrator waited for something that is not a task: ${hintFor(value)}.`);
}

/** What was wrong when an orchestrator's method returned a promise. */
export function illegalRun(): IllegalAwaitError {
  return new IllegalAwaitError(
    'The orchestrator returned a promise: its run method is async. Make it a generator, *run(), and write yield* for await.',
  );
}

/** What was wrong when an orchestrator returned a task instead of its result. */
export function illegalOutput(): IllegalAwaitError {
  return new IllegalAwaitError(
    'The orchestrator returned a task instead of its result. Wait for it: return yield* task.',
  );
}

/** What was wrong when an orchestrator waited for what cannot end any more. */
export function illegalWait(): IllegalAwaitError {
  return new IllegalAwaitError('The orchestrator waited for a timer that it had cancelled: it will never fire.');
}

/** Whether something has a `then` method, as a promise has. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Whether something comes from an async function or an async generator. */
export function isAsync(value: unknown): boolean {
  return isThenable(value) || (typeof value === 'object' && value !== null && Symbol.asyncIterator in value);
}

/** Whether something comes from a generator function. */
export function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Symbol.iterator in value &&
    'next' in value &&
    typeof value.next === 'function' &&
    'throw' in value &&
    typeof value.throw === 'function'
  );
}

/** A promise nobody will wait for must not end the process when it rejects: what was wrong is reported already. */
export function disown(value: unknown): void {
  if (isThenable(value)) value.then(undefined, () => undefined);
}

function hintFor(value: unknown): string {
  if (isThenable(value)) return promiseHint;
  if (value === undefined) return 'undefined. One-way calls such as ctx.signalEntity give nothing to wait for';
  if (typeof value === 'object' && value !== null && Symbol.iterator in value)
    return 'a generator or a list. Write yield* for a generator, and ctx.all, ctx.any or ctx.race for a list of tasks';
  return `${value === null ? 'null' : `a value of type ${typeof value}`}. Only tasks made by the context can be waited for`;
}
