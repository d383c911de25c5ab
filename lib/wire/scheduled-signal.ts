import type { EntityId } from '../core/history.js';
import type { Json } from '../core/values.js';

/**
 * The orchestrator that sends a signal when its time has come. It is started for then (`startAt`), so that what was asked for
 * outlives who asked, costs no timer of an entity, and is stored once.
 */
export const SCHEDULED_SIGNAL = 'perdure-scheduled-signal';

/** A signal for later, as that orchestrator gets it. */
export interface ScheduledSignalInput {
  readonly entity: EntityId;
  readonly operation: string;
  readonly input?: Json;
}

/** The orchestration instance that is the signal of this action, until it is sent. */
export function scheduledSignalId(executionId: string, actionId: number): string {
  return `perdure.signal:${executionId}:${actionId}`;
}
