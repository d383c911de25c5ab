import type { HistoryEvent } from '../core/history.js';
import type { Json, ValueCodec, ValueReference } from '../core/values.js';
import {
  OrchestrationCanceledError,
  OrchestrationFailedError,
  OrchestrationTerminatedError,
  type FailureDetails,
} from '../errors.js';
import type { RuntimeStatus } from '../wire/head.js';
import type { InstanceStatus } from '../wire/queries.js';
import type { ReadSource } from './instance-reads.js';

/** An orchestration instance as it was read. Values are copies. */
export interface OrchestrationStatus {
  /** The instance's id. */
  readonly instanceId: string;
  /** The orchestrator's name. */
  readonly name: string;
  /** The id of its current execution; undefined while the instance waits for a worker to begin it. */
  readonly executionId: string | undefined;
  /** The state it is in. */
  readonly runtimeStatus: RuntimeStatus;
  /** When its current execution began: another time after each `continueAsNew`. */
  readonly createdTime: Date;
  /** When the last event of its history was taken. */
  readonly lastUpdatedTime: Date;
  /** The input of its current execution. */
  readonly input: unknown;
  /** The version that it was started with, or its orchestrator's; undefined: none, or no worker has begun it. */
  readonly version: string | undefined;
  /** The tags that it was started with. */
  readonly tags: Readonly<Record<string, string>>;
  /** The memo that it was started with; undefined: none. */
  readonly memo: unknown;
  /** What it returned, once it is completed, or was given when it was terminated. */
  readonly output: unknown;
  /** What `setCustomStatus` set last in its current execution. */
  readonly customStatus: unknown;
  /** Why it failed; undefined unless it did. */
  readonly failure: FailureDetails | undefined;
  /** Why it is suspended, or was terminated or canceled, when somebody said so. */
  readonly reason: string | undefined;
  /**
   * How many events the history of its current execution has. At 100,000 it fails with HistoryTooLongError: orchestrations
   * that live long call `ctx.continueAsNew`. Undefined: a worker of an older version has answered.
   */
  readonly historyLength: number | undefined;
  /**
   * The name of its orchestrator, with its version behind an `@` where it has one, when it has not ended and no worker that
   * lives has registered that: it waits, and goes on as soon as one is there, like all that `namesWithoutWorker` tells of.
   * Undefined: some worker has it; or nobody can tell, for what is read of a view.
   */
  readonly nameWithoutWorker: string | undefined;
  /** Its history, in order, when `fetchHistory` is given; absent otherwise. */
  readonly history?: readonly HistoryEvent[];
  /** Where it was read: `owner` is exact, `view` may be behind: no worker owns the instance's partition now. */
  readonly source: ReadSource;
}

export function statusFor(status: InstanceStatus, source: ReadSource, values: ValueCodec): OrchestrationStatus {
  const {
    instanceId,
    name,
    executionId,
    runtimeStatus,
    failure,
    reason,
    version,
    tags = {},
    memo,
    historyLength,
    nameWithoutWorker,
  } = status;
  return {
    instanceId,
    name,
    executionId,
    runtimeStatus,
    failure,
    reason,
    historyLength,
    nameWithoutWorker,
    source,
    createdTime: new Date(status.createdAt),
    lastUpdatedTime: new Date(status.updatedAt),
    input: values.decode(status.input),
    version,
    tags: { ...tags },
    memo: values.decode(memo),
    output: values.decode(status.output),
    customStatus: values.decode(status.customStatus),
  };
}

/** How an instance ended: told by a notice or read. */
export interface End {
  readonly runtimeStatus: RuntimeStatus;
  readonly output?: Json;
  readonly outputRef?: ValueReference;
  readonly failure?: FailureDetails;
  readonly reason?: string;
}

/** Whether nothing more will come of the run. */
export function hasEnded({ runtimeStatus }: Pick<End, 'runtimeStatus'>): boolean {
  return runtimeStatus === 'Completed' || isWithoutResult(runtimeStatus);
}

/** What an ended instance returned, as a copy. Throws the error that says how it ended without a result. */
export function resultOf(
  instanceId: string,
  { runtimeStatus, output, failure, reason }: End,
  values: ValueCodec,
): unknown {
  if (runtimeStatus === 'Terminated') throw new OrchestrationTerminatedError(instanceId, reason, values.decode(output));
  if (runtimeStatus === 'Canceled') throw new OrchestrationCanceledError(instanceId, reason);
  if (runtimeStatus !== 'Failed') return values.decode(output);
  throw new OrchestrationFailedError(instanceId, failure ?? { name: 'Error', message: 'it does not say why' });
}

function isWithoutResult(status: RuntimeStatus): boolean {
  return status === 'Failed' || status === 'Terminated' || status === 'Canceled';
}
