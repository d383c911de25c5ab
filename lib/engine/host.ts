import type { CoreDependencies } from '../core/dependencies.js';
import type { EntityProgram, OrchestratorProgram } from '../core/programs.js';
import type { Json } from '../core/values.js';
import type { FailureDetails } from '../errors.js';

/** What a worker hosts, as the engine runs it. */
export interface Host {
  /** The worker's id, for people who look at takeovers. */
  readonly worker: string;
  readonly core: CoreDependencies;
  readonly orchestrators: ReadonlyMap<string, OrchestratorProgram>;
  readonly entities: ReadonlyMap<string, EntityProgram>;
  readonly activities: ReadonlyMap<string, Activity>;
}

/** Runs an activity; user code's failure is a value, so it never rejects. */
export type Activity = (request: ActivityRequest) => Promise<ActivityResult>;

/** A committed TaskScheduled event: the durable request (C1). */
export interface ActivityRequest {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input?: Json | undefined;
  /** 1, or 2 when a former owner of the partition may have started it. */
  readonly attempt: number;
  /** Aborted when the owner stops or loses the partition. */
  readonly signal: AbortSignal;
}

export type ActivityResult = { readonly result?: Json } | { readonly failure: FailureDetails };
