/**
 * What an activity knows of its surroundings. An activity runs at least once: after a crash it runs again with a higher
 * `attempt` and the same `idempotencyKey`. A retry that the orchestrator asked for is a new request with its own key.
 */
export abstract class ActivityContext {
  /** The orchestration instance that scheduled the activity. */
  abstract readonly instanceId: string;
  /** The activity's registered name. */
  abstract readonly activityName: string;
  /** 1, or 2 when a former worker may have begun it before it crashed or was replaced. */
  abstract readonly attempt: number;
  /** The same text for every run of one scheduled activity, and for no other: hand it to what must act only once. */
  abstract readonly idempotencyKey: string;
  /** Aborted when the result is no longer wanted or the worker stops. Pass it on to whatever waits. */
  abstract readonly signal: AbortSignal;
}
