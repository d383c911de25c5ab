/**
 * What an activity knows of its surroundings. An activity runs at least once: after a crash it runs again with a higher
 * `attempt` and the same `idempotencyKey`. A retry that the orchestrator asked for is a new request with its own key.
 *
 * @example
 * ```ts
 * import { ActivityContext } from 'perdure';
 * import { Activity } from 'perdure/decorators';
 *
 * export class Payments {
 *   @Activity() async charge(card: string, ctx: ActivityContext): Promise<number> {
 *     const headers = { 'Idempotency-Key': ctx.idempotencyKey };
 *     const response = await fetch(`https://payments.example/${card}`, { headers, signal: ctx.signal });
 *     return response.status;
 *   }
 * }
 * ```
 */
export abstract class ActivityContext {
  /** The orchestration instance that scheduled the activity. */
  abstract readonly instanceId: string;
  /** The activity's registered name. */
  abstract readonly activityName: string;
  /** The number of this run, from 1: it rises when a worker ended, or was replaced, before it told how a run went. */
  abstract readonly attempt: number;
  /** The same text for every run of one scheduled activity, and for no other: hand it to what must act only once. */
  abstract readonly idempotencyKey: string;
  /**
   * Aborted when nobody waits for the result any more: with ActivityCanceledError when the orchestration has ended,
   * continues as new or has given the activity up, with ActivityTimedOutError when the run took too long, and with
   * ClosedError when the worker stops and its `stopTimeoutInMilliseconds` is over, or it loses its partition; then the
   * activity runs again elsewhere. A result that comes after that is dropped. Pass it on to whatever waits.
   */
  abstract readonly signal: AbortSignal;
}
