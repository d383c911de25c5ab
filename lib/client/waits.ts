import type { Clock } from '../engine/ports.js';
import { ClosedError, ConfigError, TimeoutError } from '../errors.js';
import { Timers } from './timers.js';

/** How long something is waited for; by default as long as it takes. */
export interface WaitOptions {
  /** The longest wait in milliseconds: 0 or more. Default: no limit. */
  readonly timeoutInMilliseconds?: number | undefined;
  /** Ends the waiting, with its reason; what is waited for goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** How long one call of a client may take. */
export interface CallOptions {
  /**
   * The longest wait for an answer in milliseconds: 0 or more, also Infinity. Default: as the client says. `effect` of the
   * TimeoutError says what is known of what was asked.
   */
  readonly timeoutInMilliseconds?: number | undefined;
  /** Ends the waiting, with its reason. Whether what was asked for is carried out is not known then. */
  readonly signal?: AbortSignal | undefined;
}

/** A time and a signal. */
export interface Limits extends CallOptions {
  readonly timeoutInMilliseconds: number;
}

/** The limits of one call: what its caller says, else so long as the client says. */
export function limitsOf(options: CallOptions | undefined, byDefault: number): Limits {
  return { timeoutInMilliseconds: options?.timeoutInMilliseconds ?? byDefault, signal: options?.signal };
}

/** The error for who asks for something that changes nothing. */
export function notInTime(what: string, { timeoutInMilliseconds }: Limits): TimeoutError {
  return new TimeoutError(`${what} was not told within ${timeoutInMilliseconds} ms. Ask again.`);
}

/** Timers are armed for an hour at most. */
const LONGEST_TIMER = 3_600_000;

/** Everything that a client waits for: each ends at its deadline, by its signal, or when the client is closed. */
export class Waits {
  readonly clock: Clock;
  readonly #timers: Timers;
  readonly #open = new Set<{ fail(error: Error): void }>();
  #closed: ClosedError | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
    this.#timers = new Timers(clock);
  }

  /** Begins to wait; `late` makes the error at the deadline. Throws ConfigError for a time that is none. */
  begin<T>({ timeoutInMilliseconds, signal }: WaitOptions, late: () => Error): Wait<T> {
    checkTimeout(timeoutInMilliseconds);
    const wait = this.#begin<T>();
    if (timeoutInMilliseconds !== undefined) wait.expire(timeoutInMilliseconds, late);
    if (signal) wait.follow(signal);
    return wait;
  }

  /** Runs something that has its own limits; only the closing ends the waiting for it. */
  whileOpen<T>(run: (wait: Wait<T>) => Promise<T>): Promise<T> {
    const wait = this.#begin<T>();
    run(wait).then(
      (value) => wait.succeed(value),
      (error: unknown) => wait.fail(error),
    );
    return wait.result;
  }

  /** Runs something within limits; it has to end by itself once nobody waits for it. */
  run<T>(options: WaitOptions, late: () => Error, run: (wait: Wait<T>) => Promise<T>): Promise<T> {
    return this.within<T>(options, late, async (wait) => wait.succeed(await run(wait)));
  }

  /** Begins to wait as `begin` says for what something brings about; what it throws ends the waiting. */
  within<T>(options: WaitOptions, late: () => Error, run: (wait: Wait<T>) => Promise<void>): Promise<T> {
    const wait = this.begin<T>(options, late);
    run(wait).catch((error: unknown) => wait.fail(error));
    return wait.result;
  }

  #begin<T>(): Wait<T> {
    const wait = new Wait<T>(this.clock, this.#timers, () => this.#open.delete(wait));
    this.#open.add(wait);
    if (this.#closed) wait.fail(this.#closed);
    return wait;
  }

  /** Fails everything that waits now or later. */
  close(error: ClosedError): void {
    this.#closed ??= error;
    for (const wait of this.#open) wait.fail(this.#closed);
  }
}

/** Throws ConfigError for a timeout that is none. */
export function checkTimeout(milliseconds: number | undefined): void {
  if (milliseconds !== undefined && !(milliseconds >= 0))
    throw new ConfigError(`timeoutInMilliseconds: must be 0 or more, not ${milliseconds}`);
}

/** Something awaited that may come from several sides: the first one counts. */
export class Wait<T> {
  readonly promise: Promise<T>;
  #isOver = false;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #settle: { resolve(value: T): void; reject(error: unknown): void } | undefined;
  readonly #atEnd = new Set<() => void>();

  constructor(clock: Clock, timers: Timers, onEnd: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#atEnd.add(onEnd);
    this.promise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever awaits it sees the error; that it may fail before that is no fault of this process.
    this.promise.catch(() => {});
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** A promise of its own: of an error that its caller does not await, the process is told as of any other. */
  get result(): Promise<T> {
    return this.promise.then((value) => value);
  }

  succeed(value: T): void {
    if (this.#end()) this.#settle?.resolve(value);
  }

  fail(error: unknown): void {
    if (this.#end()) this.#settle?.reject(error);
  }

  /** Nobody waits any more, and nothing is told. */
  end(): void {
    this.#end();
  }

  /**
   * What a promise gives, unless this one fails before. It leaves nothing here once it is settled: a `Promise.race` with what
   * may be waited for without limit would keep each value until the end.
   */
  unlessOver<R>(promise: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const forget = this.onEnd(() => void this.promise.catch(reject));
      void promise.then(resolve, reject).finally(forget);
    });
  }

  /** Runs something when it is over, whatever came of it; the result cancels that. */
  onEnd(run: () => void): () => void {
    if (this.isOver) run();
    else this.#atEnd.add(run);
    return () => this.#atEnd.delete(run);
  }

  /** Fails after a time. */
  expire(milliseconds: number, late: () => Error): void {
    if (milliseconds < Infinity) this.#expireAt(this.#clock.now() + milliseconds, late);
  }

  /** Fails with the reason of the signal. */
  follow(signal: AbortSignal): void {
    const abort = (): void => this.fail(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    this.onEnd(() => signal.removeEventListener('abort', abort));
  }

  /** Runs something after a time, unless it is over by then. */
  after(milliseconds: number, run: () => void): void {
    const cancel = this.#timers.after(milliseconds, () => {
      forget();
      run();
    });
    const forget = this.onEnd(cancel);
  }

  /** Resolves after a time, at once when the waiting is over. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(milliseconds, () => {
        forget();
        resolve();
      });
      const forget = this.onEnd(() => {
        cancel();
        resolve();
      });
    });
  }

  #expireAt(at: number, late: () => Error): void {
    const left = at - this.#clock.now();
    if (left <= 0) return this.fail(late());
    const cancel = this.#timers.after(Math.min(left, LONGEST_TIMER), () => this.#expireAt(at, late));
    this.onEnd(cancel);
  }

  /** Whether it was still open. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    for (const run of this.#atEnd) run();
    this.#atEnd.clear();
    return true;
  }
}
