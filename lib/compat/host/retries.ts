import { setTimeout as delay } from 'node:timers/promises';
import type { Duration, RetryOptions } from '../functions/bindings.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import type { Invocations } from './invocations.js';

/** Invokes a function, and again as its `retry` says, each time with a context of its own. Throws what the last attempt throws. */
export async function invokedWithRetries(
  registered: RegisteredFunction,
  input: unknown,
  invocations: Invocations,
): Promise<unknown> {
  const { retry } = registered;
  const most = retry?.maxRetryCount ?? 0;
  let failed: Error | undefined;
  for (let count = 0; ; count++) {
    const context = invocations.contextOf(registered);
    if (retry)
      context.retryContext = {
        retryCount: count,
        maxRetryCount: most,
        ...(failed && { exception: { message: failed.message, stackTrace: failed.stack ?? '' } }),
      };
    try {
      return await invocations.invoke(registered, context, input);
    } catch (error) {
      if (!retry || (most >= 0 && count >= most)) throw error;
      failed = error instanceof Error ? error : new Error(String(error));
      await delay(pauseOf(retry, count), undefined, { ref: false });
    }
  }
}

/** The pause behind the failed attempt of this number, from 0, in milliseconds. */
export function pauseOf(retry: RetryOptions, count: number): number {
  if (retry.strategy === 'fixedDelay') return millisecondsOf(retry.delayInterval);
  return Math.min(millisecondsOf(retry.minimumInterval) * 2 ** count, millisecondsOf(retry.maximumInterval));
}

function millisecondsOf(duration: Duration | number): number {
  if (typeof duration === 'number') return duration;
  const { hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = duration;
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds;
}
