import { isHealthy, type DiagnosedStreams, type PartitionDiagnosis } from '../../engine/diagnosis.js';
import type { Loss } from '../../engine/partition-reading.js';
import type { ServerReport } from '../../nats/server-report.js';
import type { Address } from '../../wire/messages.js';
import type { ResetRecord } from '../../wire/record.js';

/** So many instances are named; `--json` names all. */
const MOST_NAMED = 20;

/** What `perdure doctor` prints of a hub. */
export function linesOfDiagnosis(
  diagnoses: readonly PartitionDiagnosis[],
  lossesOfHub: readonly Loss[],
): readonly string[] {
  return [...lossesOfHub.map((loss) => `task hub: ${textOf(loss)}`), ...diagnoses.flatMap(linesOfPartition)];
}

function linesOfPartition(diagnosis: PartitionDiagnosis): readonly string[] {
  const { partition, streams, owner, losses, damaged } = diagnosis;
  const lease = owner ? `, lease ${owner.state} by ${owner.worker}` : '';
  const state = `${isHealthy(diagnosis) ? 'whole' : 'DAMAGED'}${lease}`;
  return [
    `partition ${partition}: ${state}`,
    ...(streams ? linesOfStreams(streams) : []),
    ...losses.map((loss) => `  lost: ${textOf(loss)}${rangeOf(loss)}`),
    ...named(damaged, ({ address, reason }) => `  damaged: ${address}: ${reason}`),
    ...(streams ? atRisk(streams, losses) : []),
  ];
}

function linesOfStreams(streams: DiagnosedStreams): readonly string[] {
  const { epoch, record, knownRecord, mail, accepted, cursor } = streams;
  return [
    `  epoch ${epoch}; the log ends at record ${record}, known are records up to ${knownRecord}`,
    `  mail ${mail.first} to ${mail.last}; taken up to ${accepted}, carried out up to ${cursor}`,
  ];
}

/** Which instances are touched cannot be told when records are lost: it may be any. */
function atRisk({ running, entities }: DiagnosedStreams, losses: readonly Loss[]): readonly string[] {
  if (!losses.some(({ kind }) => kind === 'log' || kind === 'state')) return [];
  return [
    `  at risk: ${running} orchestration instances that have not ended, and what ${entities} entities did last; which of them ` +
      'lost something is not known',
  ];
}

function textOf({ stream, text }: Loss): string {
  return `${stream}: ${text}`;
}

function rangeOf({ from, to }: Loss): string {
  if (from === undefined || to === undefined) return '';
  return from === to ? ` (${from})` : ` (${from} to ${to})`;
}

/** A clock that is further away makes times of instances hard to compare with those of other machines. */
const FAR = 1_000;

/** What `perdure doctor` prints of the server. */
export function linesOfServer(report: ServerReport): readonly string[] {
  const { url, version, floorVersion, testedVersion, clockAhead, permissions } = report;
  const { remove, consume, manage } = permissions;
  const apart = `${Math.abs(clockAhead)} ms ${clockAhead < 0 ? 'behind' : 'ahead of'} that of this machine`;
  const may = { 'remove messages': remove, 'make consumers': consume, 'change streams': manage };
  return [
    `server: nats-server ${version} at ${url}; ${floorVersion} or newer is needed, ${testedVersion} is tested`,
    `  disk: ${syncText(report)}`,
    `  clock: ${apart}${Math.abs(clockAhead) > FAR ? ': FAR AWAY, see to both' : ''}`,
    `  permissions: read the streams, yes; ${Object.entries(may)
      .map(([what, isAllowed]) => `${what}, ${isAllowed === undefined ? 'not known' : isAllowed ? 'yes' : 'no'}`)
      .join('; ')}`,
  ];
}

function syncText({ syncsAlways }: ServerReport): string {
  if (syncsAlways === undefined)
    return 'not known: --monitor with the address of its monitoring says whether each message is synced';
  if (syncsAlways) return 'each message is synced before it is acknowledged';
  return 'NOT SYNCED at each message: a power cut loses what was acknowledged last. Set jetstream { sync_interval: always }';
}

/** What somebody who operates the hub may do. */
export function adviceFor(hub: string, partitions: readonly number[]): string {
  const which = partitions.length === 0 ? `Task hub ${hub}` : `Of task hub ${hub}, partition ${partitions.join(', ')}`;
  return (
    `${which} lost acknowledged data. Restore all of its streams from one backup; or accept the loss: ` +
    `"perdure doctor ${hub} --accept-loss" goes on with what is left and prints what is given up.`
  );
}

/** What `perdure doctor --accept-loss` prints of a partition. */
export function linesOfReset(partition: number, { epoch, lost, gaveUp }: ResetRecord): readonly string[] {
  const { failed, removed, interrupted, mail, inputs, received, requests, sessions } = gaveUp;
  return [
    `partition ${partition}: the loss is accepted, in epoch ${epoch}`,
    ...lost.map((text) => `  lost: ${text}`),
    ...named(failed, (address) => `  failed: ${address}`),
    ...named(removed, (address) => `  removed: ${address}`),
    ...named(interrupted, (address) => `  interrupted: ${address}`),
    `  given up: ${mail} messages that are dead letters now, ${inputs} of which nothing is left, ${received} from other ` +
      `partitions, ${requests} requests that were told to have failed, ${sessions} sessions of clients`,
  ];
}

function named<T extends Address | object>(items: readonly T[], line: (item: T) => string): readonly string[] {
  const more = items.length - MOST_NAMED;
  return [...items.slice(0, MOST_NAMED).map(line), ...(more > 0 ? [`  and ${more} more`] : [])];
}
