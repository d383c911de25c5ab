import type { OrchestrationStatus } from '../../client/orchestration-status.js';
import { fieldsOf } from '../output.js';
import { paint, paintStatus } from '../paint.js';
import { harmless, timeText, valueText } from '../text.js';

/** An instance, for people. */
export function linesOfStatus(status: OrchestrationStatus): readonly string[] {
  const { instanceId, name, version, runtimeStatus, createdTime, lastUpdatedTime, tags, failure, reason } = status;
  const { input, output, customStatus, memo, historyLength, nameWithoutWorker, source, executionId } = status;
  const optional = (value: unknown): string | undefined => (value === undefined ? undefined : valueText(value));
  return fieldsOf({
    instance: harmless(instanceId),
    orchestrator: harmless(version === undefined ? name : `${name}@${version}`),
    status:
      paintStatus(runtimeStatus) + (source === 'view' ? paint('dim', ' (as its view says; no worker owns it)') : ''),
    reason: reason === undefined ? undefined : harmless(reason),
    failure: failure && paint('red', harmless(`${failure.name}: ${failure.message}`)),
    'waits for': nameWithoutWorker && paint('yellow', `a worker that has orchestrator ${harmless(nameWithoutWorker)}`),
    created: timeText(createdTime),
    updated: timeText(lastUpdatedTime),
    input: optional(input),
    output: optional(output),
    'custom status': optional(customStatus),
    tags: tagsText(tags),
    memo: optional(memo),
    history: historyLength === undefined ? undefined : `${historyLength} events`,
    execution: executionId,
  });
}

function tagsText(tags: Readonly<Record<string, string>>): string | undefined {
  const texts = Object.entries(tags).map(([name, value]) => harmless(`${name}=${value}`));
  return texts.length === 0 ? undefined : texts.join(', ');
}
