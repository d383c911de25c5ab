import { decodeStored, formatVersion } from './body.js';
import type {
  ChannelState,
  Checkpoint,
  CheckpointDirectory,
  PageReference,
  PendingEntry,
  PendingLocal,
  SessionState,
  UndispatchedTasks,
} from './checkpoint.js';
import { token, yes } from './history-shapes.js';
import { address, addressed } from './message-codec.js';
import type { Beginning, Blame, Quarantine } from './quarantine.js';
import { parking } from './parked-codec.js';
import { outcome, partitionNumber, partlyReceived, skippedNumbers } from './record-codec.js';
import { count, dictionary, finite, list, object, oneOf, optional, string, tuple } from './shapes.js';
import { taskIds } from './task-codec.js';
import { encodeText } from './text-encoding.js';

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return encodeText(JSON.stringify(checkpoint));
}

/** The joined pages of a checkpoint. Throws CorruptHistoryError or VersionTooNewError. */
export function decodeCheckpoint(body: Uint8Array, where: string): Checkpoint {
  return decodeStored(body, where, checkpoint);
}

/** The sessions of one drawer. */
export function encodeDrawer(clients: readonly SessionState[]): Uint8Array {
  return encodeText(JSON.stringify({ v: formatVersion, clients }));
}

/** Throws CorruptHistoryError or VersionTooNewError. */
export function decodeDrawer(body: Uint8Array, where: string): readonly SessionState[] {
  return decodeStored(body, where, drawer).clients;
}

export function encodeDirectory(directory: CheckpointDirectory): Uint8Array {
  return encodeText(JSON.stringify(directory));
}

/** Throws CorruptHistoryError or VersionTooNewError. */
export function decodeDirectory(body: Uint8Array, where: string): CheckpointDirectory {
  return decodeStored(body, where, directory);
}

const pendingEntry = object<PendingEntry>({ n: count, prev: count, reset: optional(yes), messages: list(string) });

const channel = object<ChannelState>({ last: count, pending: list(pendingEntry) });

const sessionState = object<SessionState>({
  id: token,
  mark: count,
  usedAt: finite,
  outcomes: optional(list(tuple(count, string))),
  skipped: optional(list(skippedNumbers)),
  unwanted: optional(list(count)),
});
const beginning = object<Beginning>({ mail: count, counter: count });

const checkpoint = object<Checkpoint>({
  v: oneOf(1),
  epoch: count,
  logSeq: count,
  commit: token,
  low: count,
  counter: count,
  accepted: count,
  acceptedAt: optional(finite),
  open: list(tuple(count, list(count))),
  received: dictionary(partitionNumber, count),
  partly: optional(dictionary(partitionNumber, partlyReceived)),
  clients: optional(list(sessionState)),
  sessions: dictionary(token, count),
  began: optional(beginning),
  suspects: optional(beginning),
  trial: optional(address),
  blamed: optional(list(object<Blame>({ to: address, deaths: count }))),
  quarantined: optional(list(object<Quarantine>({ to: address, since: finite }))),
  released: optional(yes),
  deadLetters: optional(count),
  locals: list(object<PendingLocal>({ counter: count, index: count, message: addressed, behind: count })),
  parked: optional(list(parking)),
  channels: dictionary(partitionNumber, channel),
  undispatched: optional(list(object<UndispatchedTasks>({ to: address, tasks: taskIds }))),
  purged: optional(list(tuple(address, count))),
  lastFence: optional(count),
  outcomes: list(outcome),
});

const drawer = object<{ readonly clients: readonly SessionState[] }>({ clients: list(sessionState) });

const page = object<PageReference>({ subject: string, sequence: count });

const directory = object<CheckpointDirectory>({
  v: oneOf(1),
  epoch: count,
  generation: count,
  epochs: list(tuple(count, count)),
  pages: list(page),
  drawers: optional(list(tuple(count, list(page)))),
});
