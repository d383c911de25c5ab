import { decodeStored } from './body.js';
import { token, yes } from './history-shapes.js';
import type { LeaseRecord, ProcessRecord, WorkerRecord } from './ownership.js';
import { count, dictionary, list, object, oneOf, optional, prose, string } from './shapes.js';
import type { Shape } from './shapes.js';
import { encodeText } from './text-encoding.js';

export function encodeWorker(worker: WorkerRecord): Uint8Array {
  return encodeText(JSON.stringify(worker));
}

/** A worker's record. Throws CorruptHistoryError or VersionTooNewError; `where` names it in both. */
export function decodeWorker(body: Uint8Array, where: string): WorkerRecord {
  return decodeStored(body, where, worker);
}

export function encodeLease(lease: LeaseRecord): Uint8Array {
  return encodeText(JSON.stringify(lease));
}

/** A partition's lease. Throws CorruptHistoryError or VersionTooNewError; `where` names it in both. */
export function decodeLease(body: Uint8Array, where: string): LeaseRecord {
  return decodeStored(body, where, lease);
}

const boolean: Shape<boolean> = (value) => value !== false && yes(value);

const worker = object<WorkerRecord>({
  v: oneOf(1),
  id: token,
  name: prose,
  state: oneOf('ready', 'resting', 'leaving'),
  owns: boolean,
  entities: list(string),
  stateVersions: optional(dictionary(string, count)),
  orchestrators: list(string),
  activities: list(string),
  queues: optional(list(string)),
  process: optional(object<ProcessRecord>({ pid: count, started: optional(string), where: optional(string) })),
});

const lease = object<LeaseRecord>({
  v: oneOf(1),
  owner: token,
  state: oneOf('held', 'released', 'failed'),
  epoch: count,
  sequence: count,
});
