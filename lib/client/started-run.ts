import type { LabelOptions, Labels } from '../core/labels.js';
import type { OrchestratorShape } from '../core/names.js';
import type { Json, ValueCodec } from '../core/values.js';
import type { End, OrchestrationStatus } from './orchestration-status.js';

/** How an orchestration instance is started. */
export interface StartOptions extends LabelOptions {
  /**
   * The instance's id: 1 to 256 bytes of UTF-8, without control characters and `/ \ # ?`, not starting with `@`. That
   * of an instance that has ended may be used again. Default: a new one of 22 letters and digits.
   */
  readonly instanceId?: string | undefined;
  /**
   * How long to wait until the start is stored or, with a given id, accepted, in milliseconds: 0 or more. Default: as
   * the client says.
   */
  readonly timeoutInMilliseconds?: number | undefined;
}

/** What is to be started. */
export interface Start {
  readonly shape: OrchestratorShape;
  readonly input: unknown;
  readonly options: StartOptions;
}

/** A start whose input is encoded. */
export interface PreparedStart {
  readonly shape: OrchestratorShape;
  readonly name: string;
  readonly encoded: { readonly input?: Json };
  readonly labels: Labels;
  readonly instanceId: string;
  /** Whether the caller chose the id. */
  readonly isGiven: boolean;
  readonly timeoutInMilliseconds: number;
}

/** A run that this client started. Until an owner has shown it, not finding it proves nothing. */
export interface StartedRun extends Labels {
  readonly name: string;
  readonly input?: Json;
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number;
  isSeen: boolean;
  /** Which run of the instance it is; undefined until an owner has told: it is the first one then. */
  runId?: string | undefined;
  /** Once it is known. */
  end?: End;
}

/** Whether what an owner told is of this run. */
export function isOf(run: StartedRun, runId: string): boolean {
  run.runId ??= runId;
  run.isSeen = true;
  return run.runId === runId;
}

/** The status of a run whose start is stored, and which no worker has taken yet. */
export function pendingStatus(instanceId: string, run: StartedRun, values: ValueCodec): OrchestrationStatus {
  const { name, input, version, tags = {}, memo, storedAt } = run;
  return {
    instanceId,
    name,
    executionId: undefined,
    runtimeStatus: 'Pending',
    source: 'view',
    createdTime: new Date(storedAt),
    lastUpdatedTime: new Date(storedAt),
    input: values.decode(input),
    version,
    tags: { ...tags },
    memo: values.decode(memo),
    output: undefined,
    customStatus: undefined,
    failure: undefined,
    reason: undefined,
  };
}
