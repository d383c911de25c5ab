import type { RetryOptions as CoreRetryOptions } from '../../core/retry-options.js';

/**
 * When and how often something is tried again.
 *
 * @example
 * ```ts
 * import { RetryOptions } from 'perdure/durable-functions';
 *
 * const retry = new RetryOptions(5_000, 3);
 * retry.backoffCoefficient = 2;
 * ```
 */
export class RetryOptions {
  /** The wait before the second attempt, in milliseconds. */
  readonly firstRetryIntervalInMilliseconds: number;
  /** Attempts in all. */
  readonly maxNumberOfAttempts: number;
  /** The factor by which each wait exceeds the one before. Default 1. */
  declare backoffCoefficient: number;
  /** The longest wait, in milliseconds. */
  declare maxRetryIntervalInMilliseconds: number;
  /** No attempt starts later than this after the first, in milliseconds. */
  declare retryTimeoutInMilliseconds: number;

  /** Throws TypeError for what is no number, RangeError for an interval that is not above 0. */
  constructor(firstRetryIntervalInMilliseconds: number, maxNumberOfAttempts: number) {
    checkNumber(firstRetryIntervalInMilliseconds, 'firstRetryIntervalInMilliseconds');
    checkNumber(maxNumberOfAttempts, 'maxNumberOfAttempts');
    if (firstRetryIntervalInMilliseconds <= 0)
      throw new RangeError('firstRetryIntervalInMilliseconds value must be greater than 0.');
    this.firstRetryIntervalInMilliseconds = firstRetryIntervalInMilliseconds;
    this.maxNumberOfAttempts = maxNumberOfAttempts;
  }
}

/** The same as the core takes it. Throws TypeError when there are none. */
export function coreRetry(options: RetryOptions | undefined): CoreRetryOptions {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`retryOptions: Expected object of type RetryOptions but got ${typeof options}`);
  return {
    maxAttempts: Math.max(1, options.maxNumberOfAttempts),
    firstRetryIntervalInMilliseconds: options.firstRetryIntervalInMilliseconds,
    backoffCoefficient: options.backoffCoefficient,
    maxRetryIntervalInMilliseconds: options.maxRetryIntervalInMilliseconds,
    retryTimeoutInMilliseconds: options.retryTimeoutInMilliseconds,
  };
}

function checkNumber(value: unknown, name: string): void {
  if (typeof value !== 'number') throw new TypeError(`${name}: Expected type number but got ${typeof value}`);
}
