/**
 * What an activity knows of its surroundings. An activity runs at least once: after a crash, or when it is retried, it
 * runs again with the next `attempt` and the same `idempotencyKey`.
 */
export abstract class ActivityContext {
  /** The orchestration instance that scheduled the activity. */
  abstract readonly instanceId: string;
  /** The activity's registered name. */
  abstract readonly activityName: string;
  /** Which attempt this is, from 1. A redelivery after a crash counts as an attempt. */
  abstract readonly attempt: number;
  /** The same text for every attempt of one scheduled activity, and for no other: hand it to what must act only once. */
  abstract readonly idempotencyKey: string;
  /** Aborted when the result is no longer wanted or the worker stops. Pass it on to whatever waits. */
  abstract readonly signal: AbortSignal;
}
