import { labelsOf } from '../core/labels.js';
import type { OrchestrationHead } from './head.js';
import { shownStatus } from './head-summary.js';
import { historyLengthOf } from './history-length.js';
import type { InstanceStatus } from './queries.js';

/** The status that a head tells, without the history. */
export function statusOf(head: OrchestrationHead): InstanceStatus {
  const { instanceId, name, executionId, createdAt, updatedAt } = head;
  const { run, input, inputRef, output, outputRef, failure, customStatus, suspension } = head;
  const reason = head.reason ?? suspension?.reason;
  return {
    instanceId,
    name,
    executionId,
    runId: run ?? executionId,
    runtimeStatus: shownStatus(head),
    createdAt,
    updatedAt,
    historyLength: historyLengthOf(head),
    ...(input !== undefined && { input }),
    ...(inputRef && { inputRef }),
    ...labelsOf(head),
    ...(output !== undefined && { output }),
    ...(outputRef && { outputRef }),
    ...(failure && { failure }),
    ...(customStatus !== undefined && { customStatus }),
    ...(reason !== undefined && { reason }),
  };
}
