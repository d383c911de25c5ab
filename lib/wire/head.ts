import type { HistoryEvent, InboundEvent, ParentInstance, StartedChild } from '../core/history.js';
import type { FailureDetails } from '../errors.js';
import type { Labels } from '../core/labels.js';
import type { Json, ValueReference } from '../core/values.js';
import type { ActivityRun } from './activity-run.js';
import type { StateHistory } from './entity-history.js';
import type { StoredState } from './entity-state.js';
import type { Journal } from './journal.js';
import type { EntityLocks } from './locks.js';
import type { PlannedOperation } from './planned.js';
import type { Prepared } from './prepared.js';

/** The readable copy of an instance, derived from the log (C7). */
export type Head = OrchestrationHead | EarlyHead | EntityHead | Tombstone;

interface HeadBase {
  /** 2: of an entity whose state has a version above 1, or changes behind what is stored. */
  readonly v: 1 | 2;
  readonly epoch: number;
  /** The last log record it reflects: sequence and commit id (P12). */
  readonly logSeq: number;
  readonly commit: string;
}

/**
 * The states of an orchestration instance, as Durable Functions names them. `Pending`: the start is stored, and it has not
 * begun, because no worker has taken it or has its code, or it is to begin later. `Suspended`: somebody suspended it, or
 * its code does something else than its history says; then it goes on when that is mended. One whose code no worker has
 * registered stays what it is, and waits. `Completed`, `Failed`, `Terminated` and `Canceled` are its ends.
 * `ContinuedAsNew`: between two executions, and not to be seen from outside.
 */
export type RuntimeStatus =
  'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated' | 'Canceled' | 'ContinuedAsNew';

/** All states of an orchestration instance. */
export const runtimeStatuses = [
  'Pending',
  'Running',
  'Suspended',
  'Completed',
  'Failed',
  'Terminated',
  'Canceled',
  'ContinuedAsNew',
] as const satisfies readonly RuntimeStatus[];

const known: ReadonlySet<unknown> = new Set(runtimeStatuses);

/** Whether something is a state of an orchestration instance. */
export function isRuntimeStatus(value: unknown): value is RuntimeStatus {
  return known.has(value);
}

export interface OrchestrationHead extends HeadBase, Labels {
  readonly type: 'orchestration';
  readonly instanceId: string;
  readonly name: string;
  readonly executionId: string;
  /** The first execution of the run, when it is another. */
  readonly run?: string;
  /** Who waits for its end, or did. */
  readonly parent?: ParentInstance;
  readonly status: RuntimeStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  readonly output?: Json;
  readonly outputRef?: ValueReference;
  readonly failure?: FailureDetails;
  readonly customStatus?: Json;
  /** Why the engine suspended it, or why it was terminated or canceled. */
  readonly reason?: string;
  /** That somebody suspended it. */
  readonly suspension?: Suspension;
  /** How long it is kept once it has ended, in milliseconds. Absent: for ever. */
  readonly retention?: number;
  readonly notify?: readonly string[];
  /** Events that are held back: behind those of `held`. */
  readonly buffered?: readonly InboundEvent[];
  /** Stored parts of what is held back, when it is long. */
  readonly held?: readonly SegmentReference[];
  /** Of the activities that it waits for, those whose place is a work queue (P20): ranges, flat (first, last, ...). */
  readonly queued?: readonly number[];
  /** How often the others were begun, where it was not once. */
  readonly begun?: readonly ActivityRun[];
  /** The keys of all values that the instance holds in the object store, also those that its segments name (P15). */
  readonly values?: readonly string[];
  /** The sub-orchestrations that earlier executions have left running, as far as it was told. */
  readonly left?: readonly StartedChild[];
  /** Earlier parts of a long history, stored before this head (P14). */
  readonly segments: readonly SegmentReference[];
  /** The history behind the segments. */
  readonly history: readonly HistoryEvent[];
}

/** Events for an orchestration instance that nobody has started yet: they wait for that (docs/adr/0031). */
export interface EarlyHead extends HeadBase {
  readonly type: 'early';
  readonly events: readonly InboundEvent[];
}

/** That somebody suspended an instance, and why. */
export interface Suspension {
  readonly reason?: string;
  /** Its parent was, with all its children: when that one is canceled, this one goes on to clean up. */
  readonly byParent?: true;
}

/** A stored part of a history: events `first`..`last` (numbered from 0) under `subject` at `sequence`. */
export interface SegmentReference {
  readonly subject: string;
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
}

export interface EntityHead extends HeadBase, StoredState {
  readonly type: 'entity';
  readonly name: string;
  readonly key: string;
  readonly updatedAt: number;
  /** Its last changes, if its class keeps such. */
  readonly changes?: StateHistory;
  /** Of operations that have called and not ended: that which runs, and such as ran when their process died. */
  readonly journals?: readonly Journal[];
  /** Absent: it was never locked. */
  readonly locks?: EntityLocks;
  /** Operations that wait for their times. */
  readonly planned?: readonly PlannedOperation[];
  /** What the transaction that has locked it has prepared. */
  readonly prepared?: Prepared;
}

/** What remains of a deleted instance until its subject may be removed (P13). */
export interface Tombstone extends HeadBase {
  readonly type: 'tombstone';
  /** Its segments, until they are removed. */
  readonly segments?: readonly SegmentReference[];
}

/** Pending timers and activities of an instance that outlive a flush: a hint for recovery, never the truth (P19). */
export interface Wake {
  readonly v: 1;
  /** Whose it is: an owner neither replaces nor removes a later one's (P13). */
  readonly epoch: number;
  readonly executionId: string;
  /** The earliest due time, when timers are pending. */
  readonly at?: number;
  /** Whether it must be loaded at a takeover: activities are pending, or events wait behind a suspension. */
  readonly load?: true;
}
