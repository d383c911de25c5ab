import type { ActivityTimeouts } from './activity-timeouts.js';
import type { LabelOptions } from './labels.js';
import type { RetryOptions } from './retry-options.js';

/** How an activity is called. */
export interface ActivityOptions extends ActivityTimeouts {
  /**
   * Tries again after failures, over durable timers. Default: as `@Activity({ retry })` says when the activity is
   * called by its class, else a single attempt.
   */
  readonly retry?: RetryOptions | undefined;
  /**
   * The work queue it waits in, as its worker's `@Activity({ queue })` names it. Default: as `@Activity()` says when the
   * activity is called by its class or the worker that runs this orchestration has it, else the activity's own name.
   */
  readonly queue?: string | undefined;
}

/** How a sub-orchestration is started. Its labels are its own: it inherits none. */
export interface SubOrchestrationOptions extends LabelOptions {
  /** The child's instance id, used again by every attempt. Default: derived from this execution, new per attempt. */
  readonly instanceId?: string | undefined;
  /** Tries again after failures, over durable timers. Default: a single attempt. */
  readonly retry?: RetryOptions | undefined;
}

/** How long `waitUntil` waits. */
export interface WaitUntilOptions {
  /** The longest wait, over a durable timer, in milliseconds: 0 to 100 years. Default: no limit. */
  readonly timeoutInMilliseconds?: number | undefined;
}

/** How an entity's operation is called. */
export interface EntityCallOptions {
  /** Calls again after failures, over durable timers. Default: a single attempt. */
  readonly retry?: RetryOptions | undefined;
}

/** How a signal is sent. */
export interface EntitySignalOptions {
  /**
   * When it is to be carried out, never earlier: milliseconds from now (0 to 100 years), or a Date; one in the past is at
   * once. Until then the entity that it is for keeps it, and it outlives whoever sent it. Signals for later keep no order among
   * each other but that of their times, nor with others. Default: at once, in the order of sending.
   */
  readonly signalAt?: number | Date | undefined;
}

/** How an orchestration is started whose end nobody waits for. */
export interface NewOrchestrationOptions extends LabelOptions {
  /** The instance's id. Default: derived from this execution, another one at every call. */
  readonly instanceId?: string | undefined;
  /**
   * When it is to begin, never earlier: milliseconds from now (0 to 100 years), or a Date; one in the past is at once. Until then
   * it is Pending, and outlives whoever started it. Default: at once.
   */
  readonly startAt?: number | Date | undefined;
}

/** How long an external event is waited for. */
export interface EventTimeout {
  /** Milliseconds (0 to 100 years), or a Date; one in the past is over at once, unless the event is there already. */
  readonly timeout: number | Date;
}

/** How long an external event is waited for, and what comes in its place. */
export interface EventDefault<D> extends EventTimeout {
  /** The task's result when the time is over. Anything that is given, also `undefined`, counts. */
  readonly default: D;
}

/** How an orchestration starts over. */
export interface ContinueAsNewOptions {
  /** Whether the events that no code has seen go on to the next execution. Default true. */
  readonly keepEvents?: boolean | undefined;
  /** The version of the next execution, in the form of `@Orchestrator(name, { version })`. Default: that of this one. */
  readonly version?: string | undefined;
}
