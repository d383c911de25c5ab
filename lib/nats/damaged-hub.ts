import type { FoundLosses } from '../engine/diagnosis.js';
import type { Loss } from '../engine/partition-reading.js';
import { objectStreamName, streamKinds } from '../wire/subjects.js';
import { DamagedStreams } from './damaged-streams.js';
import type { NatsHub } from './hub.js';
import { openTaskHub } from './open-task-hub.js';
import { serverReport, type ServerReport } from './server-report.js';
import type { TaskHub, TaskHubOptions } from './task-hub.js';

/** A task hub that may have lost something, open for whoever looks at it or mends it. */
export interface DamagedTaskHub extends AsyncDisposable {
  readonly hub: TaskHub;
  /** What streams that are gone or others mean, by partition, and for the hub as a whole. */
  readonly found: FoundLosses;
  readonly foundOfHub: readonly Loss[];
  /** Looks at the server; `monitorUrl`: where its monitoring is, by default that of the embedded server. */
  server(monitorUrl?: string): Promise<ServerReport>;
  /** Creates the streams that are gone, so that they can be read; what it means is told as `found`. */
  createStreams(): Promise<FoundLosses>;
  /** The loss of a partition is accepted: its streams are the hub's from here on. */
  acceptStreams(partition: number): Promise<void>;
  /** The same for the streams of the hub as a whole. */
  acceptHubStreams(): Promise<void>;
}

/**
 * Connects to a task hub also when streams of it are gone or others than they were, and creates nothing. Throws as
 * `connectTaskHub` for everything else.
 */
export async function connectDamagedTaskHub(
  options: Omit<TaskHubOptions, 'partitions' | 'replicas'>,
): Promise<DamagedTaskHub> {
  const damaged = new DamagedStreams();
  let opened!: NatsHub;
  let ownMonitor: string | undefined;
  const hub = await openTaskHub({
    ...options,
    mustExist: true,
    damaged,
    opened: (nats, server) => {
      opened = nats;
      ownMonitor = server?.monitorUrl;
    },
  });
  const { jetStream, subjects, partitions, replicas } = opened;
  const streamsOf = (partition: number): readonly string[] =>
    streamKinds.map((kind) => subjects.partition(partition).streamName(kind));
  const ofHub = [objectStreamName(subjects.objects), subjects.tasksStream];
  return {
    hub,
    found: damaged.lossesByPartition(subjects, partitions),
    foundOfHub: damaged.lossOfValues(subjects),
    server: (monitorUrl = ownMonitor) => serverReport(opened, monitorUrl),
    createStreams: async () => {
      await damaged.create(jetStream, replicas);
      return damaged.lossesByPartition(subjects, partitions);
    },
    acceptStreams: (partition) => damaged.accept(opened, streamsOf(partition)),
    acceptHubStreams: () => damaged.accept(opened, ofHub),
    [Symbol.asyncDispose]: () => hub.close(),
  };
}
