import type { TaskHubClient } from '../../client/task-hub-client.js';
import type { InvocationContext } from '../functions/invocation-context.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import type { Timer, TimerTriggerOptions } from '../functions/timer.js';
import type { Invocations } from './invocations.js';
import { occurrencesOf, type Occurrences } from './ncrontab.js';
import { invokedWithRetries } from './retries.js';
import { claimed, lastClaimed } from './timer-claims.js';

/** The longest that a timer of Node.js can wait, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;
/** Of schedules with shorter intervals no times are made up for, in milliseconds. */
const MINUTE = 60_000;

interface TimerFunction {
  readonly registered: RegisteredFunction;
  readonly occurrences: Occurrences;
}

/**
 * Runs the timer functions of an app. Of all hosts on a task hub one runs a function at each of its times: the one that claims the
 * time first.
 */
export class TimerFunctions {
  readonly #client: TaskHubClient;
  readonly #invocations: Invocations;
  readonly #onError: (context: InvocationContext, error: unknown) => void;
  readonly #timers: readonly TimerFunction[];
  readonly #waits = new Set<NodeJS.Timeout>();
  #isStopped = false;

  /** Throws ConfigError for a schedule that cannot be read. */
  constructor(
    functions: Iterable<RegisteredFunction>,
    client: TaskHubClient,
    invocations: Invocations,
    onError: (context: InvocationContext, error: unknown) => void,
  ) {
    this.#client = client;
    this.#invocations = invocations;
    this.#onError = onError;
    this.#timers = Array.from(functions)
      .filter((registered) => registered.options.trigger.type === 'timerTrigger')
      .map((registered) => ({
        registered,
        occurrences: occurrencesOf(registered.options.trigger['schedule'], registered.name),
      }));
  }

  /** Whether there are any. */
  get areThere(): boolean {
    return this.#timers.length > 0;
  }

  start(): void {
    for (const timer of this.#timers) {
      const { runOnStartup } = timer.registered.options.trigger as Partial<TimerTriggerOptions>;
      const now = new Date();
      this.#plan(timer, now);
      if (runOnStartup) void this.#run(timer, now, () => Promise.resolve({ last: '', isPastDue: false }));
      else void this.#makeUpFor(timer, now);
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const wait of this.#waits) clearTimeout(wait);
  }

  #plan(timer: TimerFunction, after: Date): void {
    const due = timer.occurrences.next(after);
    if (due === undefined || this.#isStopped) return;
    const milliseconds = due.getTime() - Date.now();
    const wait = setTimeout(
      () => {
        this.#waits.delete(wait);
        if (Date.now() < due.getTime()) return this.#plan(timer, after);
        void this.#run(timer, due, () => this.#claim(timer, due)).then(() =>
          this.#plan(timer, new Date(Math.max(Date.now(), due.getTime()))),
        );
      },
      Math.max(0, Math.min(milliseconds, LONGEST_WAIT)),
    );
    this.#waits.add(wait);
  }

  async #claim({ registered }: TimerFunction, due: Date): Promise<Claimed | undefined> {
    const { isClaimed, last } = await claimed(this.#client, registered.name, { due: due.toISOString() });
    return isClaimed ? { last, isPastDue: false } : undefined;
  }

  /** Runs it once when times have passed while no host was there. */
  async #makeUpFor(timer: TimerFunction, now: Date): Promise<void> {
    const { registered, occurrences } = timer;
    const { useMonitor = true } = registered.options.trigger as Partial<TimerTriggerOptions>;
    const next = occurrences.next(now);
    const isShort = next && (occurrences.next(next)?.getTime() ?? Infinity) - next.getTime() < MINUTE;
    if (!useMonitor || isShort) return;
    await this.#run(timer, now, async () => {
      const last = await lastClaimed(this.#client, registered.name);
      const missed = last === '' ? undefined : occurrences.next(new Date(last));
      if (missed === undefined || missed > now) return undefined;
      const claim = { due: now.toISOString(), behind: last };
      const { isClaimed } = await claimed(this.#client, registered.name, claim);
      return isClaimed ? { last, isPastDue: true } : undefined;
    });
  }

  /** `claim`: undefined, another host runs it. */
  async #run(timer: TimerFunction, due: Date, claim: () => Promise<Claimed | undefined>): Promise<void> {
    try {
      const own = await claim();
      if (!own || this.#isStopped) return;
      await invokedWithRetries(timer.registered, timerOf(timer.occurrences, due, own), this.#invocations);
    } catch (error) {
      if (!this.#isStopped) this.#onError(this.#invocations.contextOf(timer.registered), error);
    }
  }
}

interface Claimed {
  /** The time that was claimed before; empty: none. */
  readonly last: string;
  readonly isPastDue: boolean;
}

function timerOf(occurrences: Occurrences, due: Date, { last, isPastDue }: Claimed): Timer {
  const lastUpdated = due.toISOString();
  const next = occurrences.next(due)?.toISOString() ?? '';
  return {
    isPastDue,
    schedule: { adjustForDST: true },
    scheduleStatus: { last: last === '' ? lastUpdated : last, next, lastUpdated },
  };
}
