import type { EntityStatus, OwnedEntityStatus } from '../../client/entity-status.js';
import { harmless } from '../text.js';

/** What `perdure inspect HUB ENTITY KEY` prints. */
export function linesOfEntity(name: string, key: string, status: EntityStatus): readonly string[] {
  if (status.worker === undefined) return [harmless(`${name} ${key}: no worker owns its partition`)];
  const { worker, epoch, exists, waiting, waitingSince, committedAt, lastOperationTime } = status;
  const since = waitingSince ? `, the first since ${waitingSince.toISOString()}` : '';
  return [
    `${name} ${key}: ${exists ? 'exists' : 'does not exist'}, ${waiting} messages wait${since}; ${worker}, epoch ${epoch}`,
    `  last commit of its partition: ${committedAt?.toISOString() ?? 'none yet'}`,
    `  last operation: ${lastOperationTime?.toISOString() ?? 'none yet'}`,
    ...reasons(status),
  ].map(harmless);
}

/** Why it does not go on, and what is to come. */
function reasons(status: OwnedEntityStatus): readonly string[] {
  const { running, lockedBy, lockWaiters, prepared, planned, nextTime, lastFailure } = status;
  const { quarantinedSince, waitsForWorker } = status;
  const lines: string[] = [];
  if (running) {
    const since = running.since ? ` since ${running.since.toISOString()}` : ', in another worker';
    const calls = running.calls.length > 0 ? `, waits for ${running.calls.join(', ')}` : '';
    lines.push(`  runs: ${running.operation}${since}${calls}`);
  }
  if (lockedBy) {
    const { instanceId, since, until } = lockedBy;
    const waiters = lockWaiters.length > 0 ? `, to lock it wait: ${lockWaiters.join(', ')}` : '';
    const why = prepared === undefined ? '' : `, for a transaction that has prepared ${prepared} operations`;
    lines.push(`  locked: by ${instanceId} since ${since.toISOString()} until ${until.toISOString()}${why}${waiters}`);
  }
  if (quarantinedSince) lines.push(`  in quarantine: since ${quarantinedSince.toISOString()}`);
  if (waitsForWorker) lines.push('  waits: no worker that lives has its class');
  if (nextTime) lines.push(`  planned: ${planned}, the first at ${nextTime.toISOString()}`);
  if (lastFailure) {
    const { operation, at, error } = lastFailure;
    const { name, message } = error.failureDetails;
    lines.push(`  failed last: ${operation} at ${at.toISOString()}: ${name}: ${message}`);
  }
  return lines;
}
