import { ConfigError } from '../errors.js';
import type { RuntimeStatus } from '../wire/head.js';
import { checkObject } from './filter-fields.js';
import { checkFilter, type InstanceFilter } from './instance-filter.js';
import { findInstances, type FoundInstance } from './instance-scan.js';
import type { Scan, ScannedPorts } from './view-scan.js';

/** The ways in which an instance can have ended. */
type EndStatus = Extract<RuntimeStatus, 'Completed' | 'Failed' | 'Terminated' | 'Canceled'>;

const ends: readonly EndStatus[] = ['Completed', 'Failed', 'Terminated', 'Canceled'];

/** Which instances are purged: those that have ended and fit all that is given. */
export interface PurgeFilter extends Omit<InstanceFilter, 'orchestrator' | 'runtimeStatus'> {
  /** The orchestrator: its class, or its registered name. Default: any. */
  readonly orchestrator?: InstanceFilter['orchestrator'];
  /** How they have ended. Default: in any way. */
  readonly runtimeStatus?: EndStatus | readonly EndStatus[] | undefined;
  /** Whether their sub-orchestrations are purged with them. Default true. */
  readonly recursive?: boolean | undefined;
}

/** The instances that fit a filter, as their views say. Throws what `checkFilter` throws. */
export function findEnded(
  ports: ScannedPorts,
  filter: PurgeFilter,
): AsyncGenerator<{ readonly instanceId: string; readonly runId: string }, void> {
  checkObject(filter);
  const { recursive: _, runtimeStatus = ends, ...rest } = filter;
  const checked = checkFilter({ ...rest, runtimeStatus }, { ownToo: true });
  for (const status of [runtimeStatus].flat())
    if (!(ends as readonly RuntimeStatus[]).includes(status))
      throw new ConfigError(`filter.runtimeStatus: only what has ended is purged: ${ends.join(', ')}, not ${status}`);
  return flattened(findInstances(ports, checked));
}

async function* flattened(
  scan: Scan<FoundInstance>,
): AsyncGenerator<{ readonly instanceId: string; readonly runId: string }, void> {
  for await (const found of scan) for (const { instanceId, summary } of found) yield { instanceId, runId: summary.run };
}
