import type { FunctionOptions, FunctionResult, FunctionTrigger, RetryOptions } from './bindings.js';
import type { InvocationContext } from './invocation-context.js';

/** A call of a function that runs at times. */
export interface Timer {
  /** Whether a time was missed. */
  isPastDue: boolean;
  /** How the times are found. */
  schedule: {
    /** Whether it follows the change to summer time. */
    adjustForDST: boolean;
  };
  /** The times around this call, as ISO texts. */
  scheduleStatus: {
    /** The time before. */
    last: string;
    /** The next time. */
    next: string;
    /** When this was written. */
    lastUpdated: string;
  };
}

/** The code of a function that runs at times. */
export type TimerHandler = (myTimer: Timer, context: InvocationContext) => FunctionResult;

/** At which times a function runs. */
export interface TimerTriggerOptions {
  /** `{second} {minute} {hour} {day} {month} {day of week}`, a time span such as `00:05:00`, or `%SETTING%`. */
  schedule: string;
  /** Whether it runs when the host starts, too. */
  runOnStartup?: boolean;
  /** Of the original, and of no effect. */
  useMonitor?: boolean;
}

/** What calls a function that runs at times. */
export type TimerTrigger = FunctionTrigger & TimerTriggerOptions;

/** A function that runs at times, as it is registered. */
export interface TimerFunctionOptions extends TimerTriggerOptions, Partial<FunctionOptions> {
  /** Its code. */
  handler: TimerHandler;
  /** What calls it. */
  trigger?: TimerTrigger;
  /** How it is tried again when it fails. */
  retry?: RetryOptions;
}
