import type { CoreDependencies } from '../core/dependencies.js';
import type { OrchestratorCatalog } from '../core/orchestrator-catalog.js';
import type { EntityProgram } from '../core/programs.js';
import type { Json } from '../core/values.js';
import type { FailureDetails } from '../errors.js';

/** What a worker hosts, as the engine runs it. */
export interface Host {
  /** The worker's id, for people who look at takeovers. */
  readonly worker: string;
  readonly core: CoreDependencies;
  readonly orchestrators: OrchestratorCatalog;
  readonly entities: ReadonlyMap<string, EntityProgram>;
  readonly activities: ReadonlyMap<string, Activity>;
  /** How long events wait for an instance that nobody has started, in milliseconds. Default: a week. */
  readonly earlyEventsKept?: number | undefined;
  /** What becomes of an instance whose code gives other values along than its history says. Default: it is suspended. */
  readonly valueDifferences?: 'suspend' | 'warn' | undefined;
  /** Where and how often activities run; one that is not here runs anywhere, without limits of its own. */
  readonly activitySettings?: ReadonlyMap<string, ActivitySettings> | undefined;
}

/** Runs an activity; user code's failure is a value, so it never rejects. */
export type Activity = (request: ActivityRequest) => Promise<ActivityResult>;

/** What an activity's registration says of its place and its limits. */
export interface ActivitySettings {
  /** The work queue that it waits in; undefined: its own, where it is not done by the owner itself. */
  readonly queue?: string | undefined;
  /** Runs at a time in one worker. */
  readonly concurrency?: number | undefined;
  /** Runs at a time in all workers: then all of them go through its own queue. */
  readonly hubConcurrency?: number | undefined;
  /** How long one run may take where the call does not say, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** One run of a committed TaskScheduled event: the durable request (C1). */
export interface ActivityRequest {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input?: Json | undefined;
  /** The number of this run, from 1. */
  readonly attempt: number;
  /** Aborted when the result is of no interest any more, and when the worker cannot wait for it. */
  readonly signal: AbortSignal;
}

export type ActivityResult = { readonly result?: Json } | { readonly failure: FailureDetails };
