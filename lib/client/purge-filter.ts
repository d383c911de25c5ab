import type { HubPorts } from '../engine/ports.js';
import { decodeHead } from '../wire/head-codec.js';
import type { OrchestrationHead, RuntimeStatus } from '../wire/head.js';

/** The ways in which an instance can have ended. */
type EndStatus = Extract<RuntimeStatus, 'Completed' | 'Failed' | 'Terminated' | 'Canceled'>;

const ends: readonly RuntimeStatus[] = ['Completed', 'Failed', 'Terminated', 'Canceled'];

/** Which instances are purged: those that have ended and fit all that is given. */
export interface PurgeFilter {
  /** The orchestrator's registered name. Default: any. */
  readonly orchestrator?: string | undefined;
  /** How they have ended. Default: in any way. */
  readonly runtimeStatus?: readonly EndStatus[] | undefined;
  /** Their current execution began at this time or later. Default: at any time. */
  readonly createdTimeFrom?: Date | undefined;
  /** Their current execution began before this time. Default: at any time. */
  readonly createdTimeTo?: Date | undefined;
  /** Whether their sub-orchestrations are purged with them. Default true. */
  readonly recursive?: boolean | undefined;
}

/** The instances that fit a filter, as their views say. */
export async function* findEnded(
  ports: Pick<HubPorts, 'partitions' | 'subjects' | 'viewsOf'>,
  filter: PurgeFilter,
): AsyncGenerator<{ readonly instanceId: string; readonly runId: string }, void> {
  for (let partition = 0; partition < ports.partitions; partition++) {
    const { heads } = ports.subjects.partition(partition);
    for await (const { body, subject } of ports.viewsOf(partition).scan(heads)) {
      const head = decodeHead(body, `The head ${subject}`);
      if (head.type !== 'orchestration' || !fits(head, filter)) continue;
      yield { instanceId: head.instanceId, runId: head.run ?? head.executionId };
    }
  }
}

function fits({ name, status, createdAt }: OrchestrationHead, filter: PurgeFilter): boolean {
  const { orchestrator, runtimeStatus = ends, createdTimeFrom, createdTimeTo } = filter;
  if (orchestrator !== undefined && name !== orchestrator) return false;
  if (!ends.includes(status) || !(runtimeStatus as readonly RuntimeStatus[]).includes(status)) return false;
  if (createdTimeFrom && createdAt < createdTimeFrom.getTime()) return false;
  return !createdTimeTo || createdAt < createdTimeTo.getTime();
}
