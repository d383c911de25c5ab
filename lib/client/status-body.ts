import { hasEnded, type OrchestrationStatus } from './orchestration-status.js';
import type { FailureDetails } from '../errors.js';
import type { RuntimeStatus } from '../wire/head.js';
import { withoutStacks } from './told-failure.js';

/** An instance as the API tells of it. What the original does not have is left away where there is nothing to say. */
export interface StatusBody {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: RuntimeStatus;
  readonly input: unknown;
  readonly customStatus: unknown;
  readonly output: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
  readonly historyEvents?: readonly object[];
  readonly version?: string;
  /** The orchestrator that no worker that lives has: what the instance waits for. */
  readonly nameWithoutWorker?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly reason?: string;
  readonly failure?: FailureDetails;
}

/** The body of a status. */
export function statusBody(
  status: OrchestrationStatus,
  showInput: boolean,
  historyEvents?: readonly object[],
): StatusBody {
  const { name, instanceId, runtimeStatus, input, customStatus, version, nameWithoutWorker } = status;
  const { tags, reason, failure } = status;
  return {
    name,
    instanceId,
    runtimeStatus,
    input: showInput ? (input ?? null) : null,
    customStatus: customStatus ?? null,
    output: outputOf(status),
    createdTime: toSeconds(status.createdTime),
    lastUpdatedTime: toSeconds(status.lastUpdatedTime),
    ...(historyEvents && { historyEvents }),
    ...(version !== undefined && { version }),
    ...(nameWithoutWorker !== undefined && { nameWithoutWorker }),
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(reason !== undefined && { reason }),
    ...(failure && { failure: withoutStacks(failure) }),
  };
}

/** As the original has it: of one that failed or was terminated, the text that says why. */
function outputOf({ output, failure, reason }: OrchestrationStatus): unknown {
  return output ?? (failure && `${failure.name}: ${failure.message}`) ?? reason ?? null;
}

/** The status of an answer that tells how an instance stands. */
export function statusCodeOf(status: OrchestrationStatus, failedIs500: boolean): 200 | 202 | 500 {
  if (!hasEnded(status)) return 202;
  return status.runtimeStatus === 'Failed' && failedIs500 ? 500 : 200;
}

/** ISO 8601 to the second. */
export function toSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
