import type { FailureDetails } from '../errors.js';
import type { Action, InboundEvent, UpdateRequested } from './history.js';
import type { Json } from './values.js';

/** What follows from one inbound event of an orchestration instance. */
export interface Turn {
  /** The new actions only, in order of creation. */
  readonly actions: readonly Action[];
  /** The custom status when this turn changed it; null: cleared. Absent: unchanged. */
  readonly customStatus?: Json;
  /** How the execution ended, when it did. Every later turn is empty. */
  readonly completion?: Completion;
  /** What the handler of an update returned or threw. */
  readonly update?: HandlerOutcome;
  /** The handler of the update waits for something: what it comes to is among the answers of a later turn. */
  readonly waits?: true;
  /** What the handlers of earlier updates have come to. */
  readonly answers?: readonly UpdateAnswer[];
}

/** What the handler of an update came to in a later turn than its own. */
export interface UpdateAnswer {
  readonly update: UpdateCall;
  readonly outcome: HandlerOutcome;
}

/** Which update was sent, and by whom. */
export type UpdateCall = Pick<UpdateRequested, 'name' | 'updateId' | 'reply'>;

/** What a query or an update gives its caller. */
export type HandlerOutcome = { readonly result?: Json } | { readonly failure: FailureDetails };

/** The end of an execution. Actions of the same turn stand; open timers and tasks are of no interest any more. */
export type Completion =
  | { readonly type: 'Completed'; readonly output?: Json }
  | {
      readonly type: 'Failed';
      readonly failure: FailureDetails;
      /** The tasks whose failures it came of, by the numbers of their actions. */
      readonly causedBy?: readonly number[];
    }
  /** The code let the cancellation end it. */
  | { readonly type: 'Canceled'; readonly reason?: string }
  | {
      readonly type: 'ContinuedAsNew';
      readonly input?: Json;
      /** The version of the next execution, when it is another. */
      readonly version?: string;
      /** The events that user code has not seen, in order of arrival: they follow the next ExecutionStarted. */
      readonly carriedEvents: readonly EventRaised[];
    };

/** An external event as recorded. */
export type EventRaised = Extract<InboundEvent, { type: 'EventRaised' }>;
