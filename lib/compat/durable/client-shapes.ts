import type { OrchestrationRuntimeStatus } from './runtime-status.js';

/** How an instance is started. */
export interface StartNewOptions {
  /** Its id. Default: a new one. */
  instanceId?: string;
  /** Its input. */
  input?: unknown;
  /** Its version. Default: that of `host.json`. */
  version?: string;
}

/** How a status is read. */
export interface GetStatusOptions {
  /** Whether the history is told. Default false. */
  showHistory?: boolean;
  /** Whether results are told in the history. Default false. */
  showHistoryOutput?: boolean;
  /** Whether the input is told. Default true. */
  showInput?: boolean;
}

/** Which task hub is meant. */
export interface TaskHubOptions {
  /** Its name. Default: the app's. */
  taskHubName?: string;
  /** Of the original, and of no effect. */
  connectionName?: string;
}

/** Which instances are meant: those that fit all that is given. */
export interface OrchestrationFilter {
  /** They began at this time or later. */
  createdTimeFrom?: Date;
  /** They began before this time. */
  createdTimeTo?: Date;
  /** They are in one of these states. */
  runtimeStatus?: OrchestrationRuntimeStatus[];
}

/** How long the end of an instance is waited for. */
export interface WaitForCompletionOptions {
  /** In milliseconds. Default 10,000. */
  timeoutInMilliseconds?: number;
  /** Of the original, and of no effect: ends are told. Default 1,000. */
  retryIntervalInMilliseconds?: number;
}

/**
 * How many instances were purged.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export async function purgeOld(client: df.DurableClient): Promise<number> {
 *   const { instancesDeleted } = await client.purgeInstanceHistoryBy({ createdTimeTo: new Date('2026-01-01') });
 *   return instancesDeleted;
 * }
 * ```
 */
export class PurgeHistoryResult {
  /** So many. */
  readonly instancesDeleted: number;

  /** Made by the client. */
  constructor(instancesDeleted: number) {
    this.instancesDeleted = instancesDeleted;
  }
}

/** The URLs by which an instance is looked at and managed. */
export interface HttpManagementPayload {
  /** The instance's id. */
  readonly id: string;
  /** GET: how it stands. */
  readonly statusQueryGetUri: string;
  /** POST: raises an event, its data in the body. */
  readonly sendEventPostUri: string;
  /** POST: ends it at once. */
  readonly terminatePostUri: string;
  /** POST: lets it go on after a failure. */
  readonly rewindPostUri: string;
  /** DELETE: removes all that is stored of it once it has ended. */
  readonly purgeHistoryDeleteUri: string;
  /** POST: starts its orchestrator again with its input. */
  readonly restartPostUri: string;
  /** POST: suspends it. */
  readonly suspendPostUri: string;
  /** POST: lets it go on. */
  readonly resumePostUri: string;
}

/**
 * The state of an entity as it was read.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export async function countOf(client: df.DurableClient, key: string): Promise<number> {
 *   const { entityExists, entityState } = await client.readEntityState<number>(new df.EntityId('counter', key));
 *   return entityExists ? entityState! : 0;
 * }
 * ```
 */
export class EntityStateResponse<T> {
  /** Whether there is one. */
  entityExists: boolean;
  /** Its state; undefined: there is none. */
  entityState?: T;

  /** Made by the client. */
  constructor(entityExists: boolean, entityState?: T) {
    this.entityExists = entityExists;
    if (entityState !== undefined) this.entityState = entityState;
  }
}

/** What a status is made of. */
export interface DurableOrchestrationStatusInit {
  readonly name: string;
  readonly instanceId: string;
  readonly createdTime: string | Date;
  readonly lastUpdatedTime: string | Date;
  readonly input: unknown;
  readonly output: unknown;
  readonly runtimeStatus: string;
  readonly customStatus?: unknown;
  readonly history?: unknown[];
}

/**
 * An orchestration instance as it was read.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export async function isDone(client: df.DurableClient, id: string): Promise<boolean> {
 *   const status: df.DurableOrchestrationStatus = await client.getStatus(id);
 *   return status.runtimeStatus === df.OrchestrationRuntimeStatus.Completed;
 * }
 * ```
 */
export class DurableOrchestrationStatus {
  /** The orchestrator's name. */
  readonly name: string;
  /** The instance's id. */
  readonly instanceId: string;
  /** When its current execution began. */
  readonly createdTime: Date;
  /** When the last event of its history was taken. */
  readonly lastUpdatedTime: Date;
  /** Its input. */
  readonly input: unknown;
  /** What it returned; of one that failed or was terminated why. */
  readonly output: unknown;
  /** The state it is in. */
  readonly runtimeStatus: OrchestrationRuntimeStatus;
  /** What `setCustomStatus` set last. */
  readonly customStatus?: unknown;
  /** Its history, when it was asked for. */
  readonly history?: Array<unknown>;

  /** Made by the client. */
  constructor(init: DurableOrchestrationStatusInit) {
    this.name = init.name;
    this.instanceId = init.instanceId;
    this.createdTime = new Date(init.createdTime);
    this.lastUpdatedTime = new Date(init.lastUpdatedTime);
    this.input = init.input;
    this.output = init.output;
    this.runtimeStatus = init.runtimeStatus as OrchestrationRuntimeStatus;
    this.customStatus = init.customStatus;
    if (init.history) this.history = init.history;
  }
}
