import { ConfigError } from '../errors.js';
import type { RetryOptions } from './names.js';
import { TaskNode, type Outcome, type TaskParent } from './task-node.js';
import { longestDuration } from './fire-time.js';

/** What a retryable task needs of its execution. */
export interface Attempts<T> {
  /** Schedules the next attempt. */
  start(): TaskNode<T>;
  /** A durable timer over so many milliseconds. */
  wait(milliseconds: number): TaskNode<void>;
  /** The time of the current turn. */
  now(): number;
  /** Whether no further attempt is wanted: the orchestration is to end. */
  isGivenUp(): boolean;
}

/**
 * Tries until one attempt succeeds or the options say stop, then fails as the last attempt did. Every attempt and every
 * wait between two is an action of its own in the history. It goes on when it loses a race, as a single attempt would.
 */
export class RetryableTask<T> extends TaskNode<T> implements TaskParent {
  readonly #options: RetryOptions;
  readonly #attempts: Attempts<T>;
  readonly #startedAt: number;
  #attempt: TaskNode<T> | undefined;
  #attemptCount = 0;

  constructor(options: RetryOptions, attempts: Attempts<T>) {
    super();
    this.#options = checkRetryOptions(options);
    this.#attempts = attempts;
    this.#startedAt = attempts.now();
    this.#tryAgain();
  }

  childCompleted(child: TaskNode<unknown>): void {
    if (child !== this.#attempt && !this.#attempts.isGivenUp()) return this.#tryAgain();
    const { outcome } = this.#attempt ?? child;
    if (outcome === undefined) return;
    const delay = 'error' in outcome ? this.#nextDelay() : undefined;
    if (delay !== undefined) this.#attempts.wait(delay).attach(this);
    else this.settle(outcome as Outcome<T>);
  }

  #tryAgain(): void {
    this.#attemptCount += 1;
    this.#attempt = this.#attempts.start();
    this.#attempt.attach(this);
  }

  /** Milliseconds until the next attempt, or undefined when there is none. */
  #nextDelay(): number | undefined {
    if (this.#attempts.isGivenUp()) return undefined;
    const { maxAttempts, firstRetryIntervalInMilliseconds: first, backoffCoefficient = 1 } = this.#options;
    if (this.#attemptCount >= maxAttempts) return undefined;
    const longest = this.#options.maxRetryIntervalInMilliseconds ?? longestDuration;
    const delay = Math.ceil(Math.min(first * backoffCoefficient ** (this.#attemptCount - 1), longest, longestDuration));
    const elapsed = this.#attempts.now() - this.#startedAt;
    return elapsed + delay > (this.#options.retryTimeoutInMilliseconds ?? Infinity) ? undefined : delay;
  }
}

/** A copy of the options, which is theirs as they are now, when they can work. Throws ConfigError that names the option. */
export function checkRetryOptions(given: RetryOptions): RetryOptions {
  const options = { ...given };
  const { maxAttempts, firstRetryIntervalInMilliseconds: first, backoffCoefficient = 1 } = options;
  const { maxRetryIntervalInMilliseconds: longest = first, retryTimeoutInMilliseconds: timeout = first } = options;
  check(Number.isInteger(maxAttempts) && maxAttempts >= 1, 'maxAttempts', 'a whole number of at least 1', maxAttempts);
  check(first > 0 && first < Infinity, 'firstRetryIntervalInMilliseconds', 'above 0', first);
  check(
    backoffCoefficient >= 1 && backoffCoefficient < Infinity,
    'backoffCoefficient',
    'at least 1',
    backoffCoefficient,
  );
  check(longest > 0, 'maxRetryIntervalInMilliseconds', 'above 0', longest);
  check(timeout > 0, 'retryTimeoutInMilliseconds', 'above 0', timeout);
  return options;
}

function check(isMet: boolean, option: string, rule: string, value: unknown): void {
  if (!isMet) throw new ConfigError(`Retry option ${option} must be ${rule}, got ${String(value)}.`);
}
