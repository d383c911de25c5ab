import { CorruptHistoryError } from '../errors.js';
import type {
  CommitRecord,
  DroppedInput,
  EpochRecord,
  GivenUp,
  LogRecord,
  Outcome,
  PartlyReceived,
  PartRecord,
  ResetRecord,
  SkippedNumbers,
  StepEntry,
  StoredRecord,
} from './record.js';
import { decodeStored, stateFormat } from './body.js';
import { notedChange } from './entity-history.js';
import { eitherFormat, stateFields } from './entity-state.js';
import { activityRun } from './activity-run.js';
import { suspension } from './head-codec.js';
import { executionStarted, failure, historyEvent, inbox, inboundEvent, json, token, yes } from './history-shapes.js';
import { committedAnswer, startedCall } from './journal-codec.js';
import { lockChange } from './lock-codec.js';
import { address, addressed, messageId } from './message-codec.js';
import { pageName, parking } from './parked-codec.js';
import { plannedOperation } from './planned-codec.js';
import { preparedChange } from './prepared-codec.js';
import { pairs } from './record-shapes.js';
import {
  count,
  dictionary,
  finite,
  list,
  nullable,
  object,
  oneOf,
  optional,
  prose,
  ShapeError,
  string,
  tuple,
  variant,
} from './shapes.js';
import type { Shape } from './shapes.js';
import { taskIds } from './task-codec.js';
import { encodeText } from './text-encoding.js';
import { valueReference } from './value-references.js';

/** The fields of a commit record beside what was encoded ahead of sealing. */
export type CommitFields = Omit<CommitRecord, 'type' | 'steps' | 'out'>;

/** Output for one partition, its messages as texts of `encodeAddressed`. */
export interface EncodedOutput {
  readonly prev: number;
  readonly messages: readonly string[];
}

/** The text of a step, made once: its length is known before the record is sealed. */
export function encodeStep(step: StepEntry): string {
  return JSON.stringify(step);
}

/** The text of the commit record of these steps (texts of `encodeStep`) and outputs by destination partition. */
export function commitText(
  { v, ...fields }: CommitFields,
  steps: readonly string[],
  outputs: ReadonlyMap<number, EncodedOutput> = noOutputs,
): string {
  const head = JSON.stringify({ v, type: 'commit', ...fields }).slice(0, -1);
  const out = outputs.size === 0 ? '' : `,"out":{${Array.from(outputs, outputText).join(',')}}`;
  return `${head}${out},"steps":[${steps.join(',')}]}`;
}

/** The commit record of a text of `commitText` that fits one message. */
export function encodeCommit(text: string): Uint8Array {
  return encodeText(text);
}

/** Cuts a text of `commitText` so that a part record of each piece has at most so many bytes (P7). */
export function cutCommit(text: string, limit: number): readonly string[] {
  // A character of JSON text takes three bytes at most when it is quoted: of three in UTF-8, or escaped.
  const length = Math.floor((limit - PART_FIELDS) / 3);
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += length) pieces.push(text.slice(at, at + length));
  return pieces;
}

/** Room for the fields of a part record beside its text, in bytes. */
const PART_FIELDS = 512;

export function encodePart(fields: Omit<PartRecord, 'type' | 'v'>): Uint8Array {
  return encodeText(JSON.stringify({ v: 1, type: 'part', ...fields }));
}

const noOutputs: ReadonlyMap<number, EncodedOutput> = new Map();

function outputText([partition, { prev, messages }]: readonly [number, EncodedOutput]): string {
  return `"${partition}":{"prev":${prev},"messages":[${messages.join(',')}]}`;
}

export function encodeEpoch(fields: Omit<EpochRecord, 'type' | 'v'>): Uint8Array {
  return encodeText(JSON.stringify({ v: 1, type: 'epoch', ...fields }));
}

export function encodeReset(fields: Omit<ResetRecord, 'type' | 'v'>): Uint8Array {
  return encodeText(JSON.stringify({ v: 1, type: 'reset', ...fields }));
}

/** A record of the log. Throws CorruptHistoryError or VersionTooNewError; `where` names the record in both. */
export function decodeRecord(body: Uint8Array, where: string): StoredRecord {
  return decodeStored(body, where, record, stateFormat);
}

/** The record that the texts of all parts make together (P7). Throws as `decodeRecord`, also when it is a part itself. */
export function decodeRecordText(text: string, where: string): LogRecord {
  const record = decodeRecord(encodeText(text), where);
  if (record.type === 'commit') return record;
  throw new CorruptHistoryError(`${where} is no commit record`);
}

const base = { v: eitherFormat, epoch: count, commit: token, prev: count, at: finite };

export const outcome = object<Outcome>({
  id: messageId,
  result: optional(json),
  resultRef: optional(valueReference),
  failure: optional(failure),
  thrown: optional(yes),
  refused: optional(oneOf('sessionExpired', 'notAccepted', 'busy')),
});

export const skippedNumbers: Shape<SkippedNumbers> = tuple(count, count);

export const step = object<StepEntry>({
  to: address,
  mail: optional(pairs),
  local: optional(pairs),
  parked: optional(tuple(pageName, count)),
  events: optional(list(historyEvent)),
  customStatus: optional(json),
  notify: optional(inbox),
  suspended: optional(prose),
  buffered: optional(list(inboundEvent)),
  taken: optional(count),
  returned: optional(list(inboundEvent)),
  childEnded: optional(tuple(token, count)),
  scheduled: optional(executionStarted),
  retention: optional(finite),
  suspension: optional(nullable(suspension)),
  purged: optional(yes),
  lastFence: optional(count),
  queued: optional(taskIds),
  begun: optional(list(activityRun)),
  ...stateFields,
  change: optional(notedChange),
  deleted: optional(yes),
  planned: optional(list(plannedOperation)),
  unplanned: optional(list(string)),
  called: optional(startedCall),
  answered: optional(committedAnswer),
  ended: optional(token),
  lock: optional(lockChange),
  prepared: optional(preparedChange),
  outcome: optional(outcome),
  outcomes: optional(list(outcome)),
  messages: optional(list(addressed)),
  handed: optional(tuple(count, count)),
  refused: optional(prose),
});

export const partitionNumber: Shape<string> = (value) => {
  if (typeof value !== 'string' || !/^[0-9]{1,9}$/.test(value))
    throw new ShapeError('must be the number of a partition');
  return value;
};

export const partlyReceived: Shape<PartlyReceived> = tuple(count, count);

const output = object<NonNullable<CommitRecord['out']>[string]>({ prev: count, messages: list(addressed) });

const givenUp = object<GivenUp>({
  failed: list(address),
  removed: list(address),
  interrupted: list(address),
  instances: count,
  mail: count,
  inputs: count,
  received: count,
  requests: count,
  sessions: count,
});

const record = variant<StoredRecord, 'type'>('type', {
  epoch: { ...base, owner: prose, mail: optional(count), unclean: optional(yes) },
  reset: { ...base, owner: prose, lost: list(prose), gaveUp: givenUp },
  commit: {
    ...base,
    counter: count,
    accepted: optional(count),
    acceptedAt: optional(finite),
    open: optional(list(tuple(count, list(count)))),
    received: optional(dictionary(partitionNumber, count)),
    partly: optional(dictionary(partitionNumber, partlyReceived)),
    sessions: optional(dictionary(token, count)),
    ended: optional(list(token)),
    done: optional(dictionary(token, list(count))),
    skipped: optional(dictionary(token, list(skippedNumbers))),
    dispatched: optional(list(taskIds)),
    dropped: optional(list(object<DroppedInput>({ sequence: count, index: count, reason: prose }))),
    parked: optional(list(parking)),
    trial: optional(address),
    survived: optional(yes),
    quarantined: optional(list(address)),
    released: optional(list(address)),
    steps: list(step),
    out: optional(dictionary(partitionNumber, output)),
  },
  part: { ...base, part: tuple(count, count), text: string },
});
