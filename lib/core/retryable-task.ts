import { ConfigError, FailureError } from '../errors.js';
import { longestDuration } from './fire-time.js';
import { retryFault, type RetryAttempt, type RetryDecision, type RetryOptions } from './retry-options.js';
import { TaskNode, type Outcome, type TaskParent } from './task-node.js';

/** What a retryable task needs of its execution. */
export interface Attempts<T> {
  /** Schedules the next attempt. */
  start(): TaskNode<T>;
  /** The shortest wait before the next attempt, in milliseconds: what the answer to the last one asks for. */
  atLeast(): number;
  /** Whether the limit of time holds whatever makes an attempt later, and `atLeast` for what code decides. Since behaviour 1. */
  readonly isExact: boolean;
  /** A durable timer over so many milliseconds. */
  wait(milliseconds: number): TaskNode<void>;
  /** The time of the current turn. */
  now(): number;
  /** 0 or more, below 1: the next one of this task, the same on every replay. */
  random(): number;
  /** Whether no further attempt is wanted: the orchestration is to end. */
  isGivenUp(): boolean;
}

/**
 * Tries until an attempt is good enough or the options say stop, then ends as the last attempt did. Every attempt and every
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
    const { outcome } = (this.#attempt ?? child) as TaskNode<T>;
    if (child !== this.#attempt && !this.#attempts.isGivenUp())
      return outcome && this.#attempts.isExact && this.#isLate(0) ? this.settle(outcome) : this.#tryAgain();
    if (outcome === undefined) return;
    const delay = this.#nextDelay(outcome);
    if (delay === undefined) this.settle(outcome);
    else if (delay <= 0) this.#tryAgain();
    else this.#attempts.wait(Math.max(delay, this.#attempts.atLeast())).attach(this);
  }

  #tryAgain(): void {
    this.#attemptCount += 1;
    this.#attempt = this.#attempts.start();
    this.#attempt.attach(this);
  }

  /** Milliseconds until the next attempt, or undefined when there is none. */
  #nextDelay(outcome: Outcome<T>): number | undefined {
    if (this.#attempts.isGivenUp() || this.#attemptCount >= this.#options.maxAttempts) return undefined;
    const elapsedInMilliseconds = this.#attempts.now() - this.#startedAt;
    const decision = this.#decide(outcome, { number: this.#attemptCount, elapsedInMilliseconds });
    if (decision === false) return undefined;
    const wanted = decision === true ? this.#interval() : Math.min(Math.ceil(decision), longestDuration);
    const delay = this.#attempts.isExact ? Math.max(wanted, this.#attempts.atLeast()) : wanted;
    return this.#isLate(delay) ? undefined : delay;
  }

  /** Whether an attempt so many milliseconds from now would be later than the options allow. */
  #isLate(delay: number): boolean {
    const elapsed = this.#attempts.now() - this.#startedAt;
    return elapsed + delay > (this.#options.retryTimeoutInMilliseconds ?? Infinity);
  }

  #decide(outcome: Outcome<T>, attempt: RetryAttempt): boolean | number {
    const { retryIf, retryIfResult, nonRetriableErrors = [] } = this.#options;
    if (!('error' in outcome)) return retryIfResult ? decided(() => retryIfResult(outcome.value, attempt)) : false;
    const { error } = outcome;
    if (!(error instanceof FailureError)) return false;
    if (error.isNonRetriable || nonRetriableErrors.some((name) => error.isCausedBy(name))) return false;
    return retryIf ? decided(() => retryIf(error, attempt)) : true;
  }

  /** By repeated multiplication: a power of fractions may differ in its last bit from one engine to the next. */
  #interval(): number {
    const { firstRetryIntervalInMilliseconds: first, backoffCoefficient = 1, jitter = 0 } = this.#options;
    const longest = Math.min(this.#options.maxRetryIntervalInMilliseconds ?? longestDuration, longestDuration);
    let whole = first;
    if (backoffCoefficient > 1)
      for (let attempt = 1; attempt < this.#attemptCount && whole < longest; attempt++) whole *= backoffCoefficient;
    whole = Math.min(whole, longest);
    return Math.ceil(jitter === 0 ? whole : whole * (1 - jitter * this.#attempts.random()));
  }
}

/** A copy of the options, which are read once, when they can work. Throws ConfigError that names the option. */
function checkRetryOptions(given: RetryOptions): RetryOptions {
  const options = { ...given };
  const fault = retryFault(options);
  if (fault !== undefined) throw new ConfigError(`Retry option ${fault}.`);
  return { ...options, ...(options.nonRetriableErrors && { nonRetriableErrors: [...options.nonRetriableErrors] }) };
}

/** What user code decides: what is neither a boolean nor a finite number, and a throw, is a no. */
function decided(decide: () => RetryDecision): boolean | number {
  try {
    const decision = decide();
    return typeof decision === 'boolean' || Number.isFinite(decision) ? (decision as boolean | number) : false;
  } catch {
    return false;
  }
}
