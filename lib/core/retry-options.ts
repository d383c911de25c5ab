import type { FailureError } from '../errors.js';

/** An attempt that has ended, as code that decides on the next one sees it. */
export interface RetryAttempt {
  /** Its number, from 1. */
  readonly number: number;
  /** How long ago the first one began, in milliseconds. */
  readonly elapsedInMilliseconds: number;
}

/**
 * Whether there is another attempt: `true` after the wait that the options say, a number after so many milliseconds (0 or
 * less: at once, without a timer). Anything else, and a throw: none, and the task ends as the last attempt did.
 */
export type RetryDecision = boolean | number | null | undefined;

/** Decides after a failed attempt. Part of the orchestrator's code: it has to decide the same on every replay. */
export type RetryTest = (error: FailureError, attempt: RetryAttempt) => RetryDecision;

/** Decides after an attempt that has ended well. Part of the orchestrator's code, as a `RetryTest`. */
export type RetryResultTest = {
  // As a method, so that a function that takes the activity's own result fits.
  test(result: unknown, attempt: RetryAttempt): RetryDecision;
}['test'];

/** When and how often a failed activity, sub-orchestration or operation is tried again, over durable timers. */
export interface RetryOptions {
  /** Attempts in all, the first included: a whole number of at least 1, or Infinity. */
  readonly maxAttempts: number;
  /** The wait before the second attempt, in milliseconds; above 0. */
  readonly firstRetryIntervalInMilliseconds: number;
  /** The factor by which each wait exceeds the one before; at least 1. Default 1. */
  readonly backoffCoefficient?: number | undefined;
  /** The longest wait between two attempts, in milliseconds; above 0. Default: 100 years. */
  readonly maxRetryIntervalInMilliseconds?: number | undefined;
  /** No attempt starts later than this after the first, in milliseconds; above 0. Default: no limit. */
  readonly retryTimeoutInMilliseconds?: number | undefined;
  /**
   * By how much each wait is shortened at random, so that many that failed together do not come back together: up to this
   * part of it, 0 to 1. The same on every replay. Default 0.
   */
  readonly jitter?: number | undefined;
  /** Errors after which there is no other attempt, by their names or those of their classes; causes count. Default: none. */
  readonly nonRetriableErrors?: readonly string[] | undefined;
  /** Decides whether a failure is tried again, while there are attempts left. Default: all are. */
  readonly retryIf?: RetryTest | undefined;
  /** Decides whether a result is not good enough yet; the last one is the task's in the end. Default: each is. */
  readonly retryIfResult?: RetryResultTest | undefined;
}

/** What of the options cannot work, as `option must be ..., got ...`; undefined: they can. */
export function retryFault(options: RetryOptions): string | undefined {
  const { maxAttempts, firstRetryIntervalInMilliseconds: first, backoffCoefficient = 1, jitter = 0 } = options;
  const { maxRetryIntervalInMilliseconds: longest = 1, retryTimeoutInMilliseconds: timeout = 1 } = options;
  const { nonRetriableErrors = [], retryIf = isFunction, retryIfResult = isFunction } = options;
  const isCount = maxAttempts === Infinity || (Number.isSafeInteger(maxAttempts) && maxAttempts >= 1);
  const isListed = Array.isArray(nonRetriableErrors) && nonRetriableErrors.every((name) => typeof name === 'string');
  const rules: readonly (readonly [keyof RetryOptions, boolean, string])[] = [
    ['maxAttempts', isCount, 'a whole number of at least 1, or Infinity'],
    ['firstRetryIntervalInMilliseconds', isAbove(first) && first < Infinity, 'above 0, below Infinity'],
    ['backoffCoefficient', backoffCoefficient >= 1 && backoffCoefficient < Infinity, 'at least 1, below Infinity'],
    ['maxRetryIntervalInMilliseconds', isAbove(longest), 'above 0'],
    ['retryTimeoutInMilliseconds', isAbove(timeout), 'above 0'],
    ['jitter', jitter >= 0 && jitter <= 1, 'from 0 to 1'],
    ['nonRetriableErrors', isListed, 'a list of names'],
    ['retryIf', isFunction(retryIf), 'a function'],
    ['retryIfResult', isFunction(retryIfResult), 'a function'],
  ];
  const broken = rules.find(([, holds]) => !holds);
  return broken && `${broken[0]} must be ${broken[2]}, got ${String(options[broken[0]])}`;
}

function isAbove(value: number): boolean {
  return typeof value === 'number' && value > 0;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
