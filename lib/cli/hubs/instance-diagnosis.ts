import type { PartitionStatus } from '../../client/administration.js';
import { hasEnded, type OrchestrationStatus } from '../../client/orchestration-status.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { orchestrationAddress, partitionOf } from '../../wire/addresses.js';
import { openActions } from '../instances/timeline.js';
import { linesOfStatus } from '../instances/status-lines.js';
import { tell } from '../output.js';
import { paint } from '../paint.js';
import { harmless, timeText } from '../text.js';
import type { HubOptions } from './connection.js';

/** What a worker waits for is no reason before so many milliseconds: something waits at any time. */
const LONG = 5_000;

/** `perdure inspect HUB INSTANCE`: how it stands, and what it waits for. */
export async function inspectInstance(client: TaskHubClient, instanceId: string, options: HubOptions): Promise<void> {
  const handle = client.getHandle(instanceId);
  const [status, partitions] = await Promise.all([handle.status(), client.inspect()]);
  const address = orchestrationAddress(instanceId);
  const partition = partitions[partitionOf(address, partitions.length)]!;
  const history = hasEnded(status) ? [] : await handle.history();
  const open = openActions(history);
  const reasons = reasonsOf(status, partition, address, open);
  tell(options, { status, partition, waitsFor: open, reasons }, () => [
    ...linesOfStatus(status),
    ...reasons.map((reason) => `${paint('yellow', 'why:')} ${reason}`),
  ]);
}

/** Why it does not go on: what it lacks first. */
function reasonsOf(
  status: OrchestrationStatus,
  partition: PartitionStatus,
  address: string,
  open: readonly string[],
): readonly string[] {
  const { runtimeStatus, reason, nameWithoutWorker } = status;
  if (hasEnded(status)) return [`it has ended: ${runtimeStatus}`];
  const reasons: string[] = [];
  if (partition.worker === undefined) reasons.push(`no worker owns its partition, ${partition.partition}: start one`);
  else {
    const quarantined = partition.quarantined.find((each) => each.address === address);
    if (quarantined) {
      const since = timeText(new Date(quarantined.since));
      reasons.push(`it is in quarantine since ${since}: "perdure release HUB ${address}" lets it go on`);
    }
    for (const { name, since, instance } of partition.waits ?? [])
      if ((instance === undefined || instance === address) && Date.now() - since > LONG)
        reasons.push(`its worker, ${partition.worker}, waits since ${timeText(new Date(since))}: ${harmless(name)}`);
  }
  if (nameWithoutWorker !== undefined)
    reasons.push(`no worker that lives has orchestrator ${harmless(nameWithoutWorker)}`);
  if (runtimeStatus === 'Suspended')
    reasons.push(`it is suspended${reason === undefined ? '' : `: ${harmless(reason)}`}`);
  for (const action of open) reasons.push(`it waits for ${action}`);
  if (reasons.length > 0) return reasons;
  return runtimeStatus === 'Pending'
    ? ['it has not begun: its time is to come, or its worker is busy']
    : ['it waits for an external event, an update or a condition: nothing that it called is open'];
}
