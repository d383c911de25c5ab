import type { InvocationContext } from '../functions/invocation-context.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import type { Timer, TimerTriggerOptions } from '../functions/timer.js';
import type { Invocations } from './invocations.js';
import { occurrencesOf, type Occurrences } from './ncrontab.js';

/** The longest that a timer of Node.js can wait, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** Runs the timer functions of an app, one call of each at a time, while this process lives. */
export class TimerFunctions {
  readonly #invocations: Invocations;
  readonly #onError: (context: InvocationContext, error: unknown) => void;
  readonly #timers: readonly { readonly registered: RegisteredFunction; readonly occurrences: Occurrences }[];
  readonly #waits = new Set<NodeJS.Timeout>();
  #isStopped = false;

  /** Throws ConfigError for a schedule that cannot be read. */
  constructor(
    functions: Iterable<RegisteredFunction>,
    invocations: Invocations,
    onError: (context: InvocationContext, error: unknown) => void,
  ) {
    this.#invocations = invocations;
    this.#onError = onError;
    this.#timers = Array.from(functions)
      .filter((registered) => registered.options.trigger.type === 'timerTrigger')
      .map((registered) => ({
        registered,
        occurrences: occurrencesOf(registered.options.trigger['schedule'], registered.name),
      }));
  }

  start(): void {
    for (const { registered, occurrences } of this.#timers) {
      const { runOnStartup } = registered.options.trigger as Partial<TimerTriggerOptions>;
      if (runOnStartup) void this.#run(registered, occurrences, new Date());
      else this.#plan(registered, occurrences, new Date());
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const wait of this.#waits) clearTimeout(wait);
  }

  #plan(registered: RegisteredFunction, occurrences: Occurrences, after: Date): void {
    const due = occurrences.next(after);
    if (due === undefined || this.#isStopped) return;
    const milliseconds = due.getTime() - Date.now();
    const wait = setTimeout(
      () => {
        this.#waits.delete(wait);
        if (Date.now() < due.getTime()) this.#plan(registered, occurrences, after);
        else void this.#run(registered, occurrences, due);
      },
      Math.max(0, Math.min(milliseconds, LONGEST_WAIT)),
    );
    this.#waits.add(wait);
  }

  async #run(registered: RegisteredFunction, occurrences: Occurrences, due: Date): Promise<void> {
    const context = this.#invocations.contextOf(registered);
    try {
      await this.#invocations.invoke(registered, context, timerOf(occurrences, due));
    } catch (error) {
      this.#onError(context, error);
    }
    this.#plan(registered, occurrences, new Date());
  }
}

function timerOf(occurrences: Occurrences, due: Date): Timer {
  const last = due.toISOString();
  return {
    isPastDue: false,
    schedule: { adjustForDST: true },
    scheduleStatus: { last, next: occurrences.next(due)?.toISOString() ?? '', lastUpdated: last },
  };
}
