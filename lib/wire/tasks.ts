import type { Json, ValueReference } from '../core/values.js';
import type { Address } from './messages.js';

/** A request for an activity as it waits in a work queue. Format version 1. */
export interface TaskRequest {
  readonly v: 1;
  /** The orchestration instance that waits for the result. */
  readonly to: Address;
  readonly executionId: string;
  readonly taskId: number;
  /** The activity. */
  readonly name: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  /** How long one run may take, in milliseconds. */
  readonly timeout?: number;
  /** After this time nobody waits for it, in milliseconds since 1970. */
  readonly deadline?: number;
  /** Runs before this request was stored, and how many of them ended with their process. Absent: none. */
  readonly runs?: number;
  readonly lost?: number;
  /** Its last run may begin: only from here on is another loss the last one. */
  readonly isLast?: true;
}

/** Activities that no orchestration waits for any more, by execution. Core NATS, a hint: it may get lost. */
export interface UnwantedTasks {
  readonly v: 1;
  readonly tasks: readonly TaskIds[];
}

/** Numbers of actions of one execution. */
export type TaskIds = readonly [executionId: string, ids: readonly number[]];

/** The owner's answer to whether somebody waits for an activity. */
export interface WantedAnswer {
  readonly v: 1;
  readonly kind: 'activity';
  readonly executionId: string;
  readonly taskId: number;
  readonly isWanted: boolean;
}
