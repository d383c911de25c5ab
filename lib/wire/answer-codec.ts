import { decodeForeign, decodeStored, stateFormat } from './body.js';
import type { Decoded } from './body.js';
import type { EntityInspection, FailedOperation, RunningOperation } from './entity-inspection.js';
import { stateHistory } from './entity-history.js';
import { eitherFormat, stateFields } from './entity-state.js';
import { runtimeStatus, segmentReference } from './head-codec.js';
import { failure, historyEvent, instanceId, json, storedLabels, token, yes } from './history-shapes.js';
import type { LoopWait, PartitionInspection, QuarantinedInstance } from './inspection.js';
import type { Answer, InstanceStatus, KnownNames, Notice, Query, WaitedName } from './queries.js';
import { lockedEntity, lockHeld } from './lock-codec.js';
import { outcome } from './record-codec.js';
import { boolean, count, dictionary, finite, list, object, oneOf, optional, string, variant } from './shapes.js';
import { encodeText } from './text-encoding.js';
import { valueReference } from './value-references.js';

/** The client's side of queries: what it asks, and what it is told. All of it is checked: anybody may publish there. */

export function encodeQuery(query: Query): Uint8Array {
  return encodeText(JSON.stringify(query));
}

/** The answer to a query. Never throws for its content. */
export function decodeAnswer(body: Uint8Array): Decoded<Answer> {
  return decodeForeign(body, answer, stateFormat);
}

/** What came on a client's inbox: one notice, or several in their order. Never throws for its content. */
export function decodeNotices(body: Uint8Array): Decoded<readonly Notice[]> {
  return decodeForeign(body, (value) => (isSeveral(value) ? several(value).notices : [notice(value)]));
}

/** The names that workers registered, as stored. Throws CorruptHistoryError or VersionTooNewError. */
export function decodeKnownNames(body: Uint8Array, where: string): KnownNames {
  return decodeStored(body, where, knownNames);
}

const v = oneOf(1);

const status = object<InstanceStatus>({
  instanceId,
  name: string,
  executionId: token,
  runId: token,
  runtimeStatus,
  createdAt: finite,
  updatedAt: finite,
  historyLength: optional(count),
  input: optional(json),
  inputRef: optional(valueReference),
  ...storedLabels,
  output: optional(json),
  outputRef: optional(valueReference),
  failure: optional(failure),
  customStatus: optional(json),
  reason: optional(string),
  history: optional(list(historyEvent)),
  nameWithoutWorker: optional(string),
});

const inspection = object<PartitionInspection>({
  partition: count,
  worker: string,
  epoch: count,
  record: count,
  accepted: count,
  cursor: count,
  instances: count,
  deadLetters: count,
  quarantined: list(object<QuarantinedInstance>({ address: string, since: finite, waiting: count })),
  locked: optional(list(lockedEntity)),
  busy: list(string),
  committedAt: optional(finite),
  waits: optional(list(object<LoopWait>({ name: string, since: finite, instance: optional(string) }))),
});

const mailbox = object<EntityInspection>({
  worker: string,
  epoch: count,
  exists: boolean,
  waiting: count,
  waitingSince: optional(finite),
  running: optional(object<RunningOperation>({ operation: string, since: optional(finite), calls: list(string) })),
  locked: optional(lockedEntity),
  planned: count,
  nextTime: optional(finite),
  lastOperation: optional(finite),
  lastFailure: optional(object<FailedOperation>({ operation: string, at: finite, failure })),
  quarantined: optional(finite),
  waitsForCode: optional(string),
  committedAt: optional(finite),
});

const waitedName = object<WaitedName>({ kind: oneOf('entity', 'orchestrator'), name: string, instances: count });

const answer = variant<Answer, 'kind'>('kind', {
  status: { v, status: optional(status), segments: optional(list(segmentReference)) },
  entity: {
    v: eitherFormat,
    exists: boolean,
    ...stateFields,
    isPrepared: optional(yes),
    changes: optional(stateHistory),
    lock: optional(lockHeld),
  },
  query: {
    v,
    result: optional(json),
    failure: optional(failure),
    isMissing: optional(yes),
    isReplaced: optional(yes),
    noWorkerWith: optional(string),
  },
  read: {
    v,
    result: optional(json),
    failure: optional(failure),
    isMutating: optional(yes),
    isWaiting: optional(yes),
  },
  inspect: { v, inspection },
  mailbox: { v, mailbox },
  release: { v, released: boolean },
  breakLock: { v, broken: boolean },
  activity: { v, executionId: token, taskId: count, isWanted: boolean },
  waiting: { v, names: list(waitedName) },
  stored: { v },
  outcome: { v, outcome: optional(outcome), accepted: optional(yes) },
  failed: { v, failure },
});

export const notice = variant<Notice, 'kind'>('kind', {
  outcome: { v, outcome },
  changed: { v, address: string },
  ended: {
    v,
    instanceId,
    runId: token,
    runtimeStatus,
    output: optional(json),
    outputRef: optional(valueReference),
    failure: optional(failure),
    reason: optional(string),
    ask: optional(yes),
  },
});

const several = object<{ readonly notices: readonly Notice[] }>({ notices: list(notice) });

const isSeveral = (value: unknown): boolean => (value as { readonly kind?: unknown } | null)?.kind === 'several';

const knownNames = object<KnownNames>({
  v,
  entities: dictionary(string, list(string)),
  orchestrators: list(string),
  activities: list(string),
});
