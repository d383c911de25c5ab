import { hostname } from 'node:os';
import { diagnose, isHealthy, type FoundLosses, type PartitionDiagnosis } from '../../engine/diagnosis.js';
import { acceptLoss } from '../../engine/loss-acceptance.js';
import { ConfigError, OwnershipLostError, StorageRegressedError } from '../../errors.js';
import { connectDamagedTaskHub, type DamagedTaskHub } from '../../nats/damaged-hub.js';
import type { ServerReport } from '../../nats/server-report.js';
import type { ResetRecord } from '../../wire/record.js';
import { createHost } from '../../worker/host.js';
import { print } from '../output.js';
import { harmless } from '../text.js';
import { connectionOf } from './connection.js';
import type { DoctorOptions } from './doctor-command.js';
import { adviceFor, linesOfDiagnosis, linesOfReset, linesOfServer } from './doctor-lines.js';

/** A worker may claim the partition in the same moment: so often it is tried. */
const ATTEMPTS = 5;

/** Looks what streams have lost, and accepts it when it is told to. */
export async function doctor(name: string, options: DoctorOptions): Promise<void> {
  await using damaged = await connectDamagedTaskHub({ name, ...(await connectionOf(options)) });
  const partitions = partitionsOf(damaged, options.partition);
  const diagnoses = await diagnose(damaged.hub.ports, partitions, damaged.found);
  if (options.acceptLoss) await accept(damaged, diagnoses, options);
  else tell(damaged, diagnoses, await damaged.server(monitorOf(options)), options);
}

function partitionsOf({ hub }: DamagedTaskHub, wanted: string | undefined): readonly number[] {
  const { partitions, name } = hub.ports;
  if (wanted === undefined) return Array.from({ length: partitions }, (_, partition) => partition);
  const partition = Number(wanted);
  if (/^\d+$/.test(wanted) && partition < partitions) return [partition];
  throw new ConfigError(`partition: task hub ${name} has partitions 0 to ${partitions - 1}, not ${wanted}`);
}

/** Throws ConfigError. */
function monitorOf({ monitor }: DoctorOptions): string | undefined {
  if (monitor === undefined || (URL.canParse(monitor) && /^https?:/.test(monitor))) return monitor;
  throw new ConfigError(`monitor: must be an address such as http://localhost:8222, not ${JSON.stringify(monitor)}`);
}

/** Throws StorageRegressedError when something is lost. */
function tell(
  damaged: DamagedTaskHub,
  diagnoses: readonly PartitionDiagnosis[],
  server: ServerReport,
  { json }: DoctorOptions,
): void {
  const { hub, foundOfHub } = damaged;
  const document = { hub: hub.name, partitions: diagnoses, lossesOfHub: foundOfHub, server };
  if (json) print(JSON.stringify(document, undefined, 2));
  else for (const line of [...linesOfDiagnosis(diagnoses, foundOfHub), ...linesOfServer(server)]) print(harmless(line));
  const ill = diagnoses.filter((diagnosis) => !isHealthy(diagnosis)).map(({ partition }) => partition);
  if (ill.length > 0 || foundOfHub.length > 0) throw new StorageRegressedError(adviceFor(hub.name, ill));
}

async function accept(
  damaged: DamagedTaskHub,
  diagnoses: readonly PartitionDiagnosis[],
  { json, partition: only }: DoctorOptions,
): Promise<void> {
  const accepted: (readonly [partition: number, reset: ResetRecord])[] = [];
  const found = await damaged.createStreams();
  for (const { partition } of diagnoses.filter((diagnosis) => !isHealthy(diagnosis))) {
    const reset = await acceptOf(damaged, partition, found);
    await damaged.acceptStreams(partition);
    accepted.push([partition, reset]);
    if (!json) for (const line of linesOfReset(partition, reset)) print(harmless(line));
  }
  // What all partitions share is not whole again before each of them knows.
  if (only === undefined) await damaged.acceptHubStreams();
  if (json) print(JSON.stringify({ hub: damaged.hub.name, accepted: Object.fromEntries(accepted) }, undefined, 2));
  else if (accepted.length === 0) print('Nothing is lost in a partition.');
}

async function acceptOf({ hub }: DamagedTaskHub, partition: number, found: FoundLosses): Promise<ResetRecord> {
  const host = createHost(`perdure doctor on ${hostname()}`, {});
  for (let attempts = 1; ; attempts++) {
    try {
      return await acceptLoss(hub.ports, partition, host, found);
    } catch (error) {
      if (!(error instanceof OwnershipLostError) || attempts === ATTEMPTS) throw error;
    }
  }
}
