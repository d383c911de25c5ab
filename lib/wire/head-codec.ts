import { runtimeStatuses, type Head, type SegmentReference, type Suspension, type Wake } from './head.js';
import type { HistoryEvent } from '../core/history.js';
import { activityRun } from './activity-run.js';
import { decodeStored, formatVersion, stateFormat } from './body.js';
import { stateHistory } from './entity-history.js';
import { eitherFormat, stateFields } from './entity-state.js';
import {
  failure,
  historyEvent,
  inbox,
  inboundEvent,
  instanceId,
  json,
  parent,
  startedChild,
  storedLabels,
  token,
  yes,
} from './history-shapes.js';
import { journal } from './journal-codec.js';
import { entityLocks } from './lock-codec.js';
import { plannedOperation } from './planned-codec.js';
import { prepared } from './prepared-codec.js';
import { count, finite, list, object, oneOf, optional, prose, string, variant } from './shapes.js';
import { encodeText } from './text-encoding.js';
import { valueReference } from './value-references.js';

export function encodeHead(head: Head): Uint8Array {
  return encodeText(JSON.stringify(head));
}

/** The head of an instance. Throws CorruptHistoryError or VersionTooNewError; `where` names the head in both. */
export function decodeHead(body: Uint8Array, where: string): Head {
  return decodeStored(body, where, head, stateFormat);
}

export function encodeWake(wake: Wake): Uint8Array {
  return encodeText(JSON.stringify(wake));
}

/** A wake record. Throws CorruptHistoryError or VersionTooNewError. */
export function decodeWake(body: Uint8Array, where: string): Wake {
  return decodeStored(body, where, wake);
}

/** A segment of a history: the events that a head's reference names (P14). */
export function encodeSegment(events: readonly HistoryEvent[]): Uint8Array {
  return encodeText(JSON.stringify({ v: formatVersion, events }));
}

/** The events of a segment. Throws CorruptHistoryError or VersionTooNewError. */
export function decodeSegment(body: Uint8Array, where: string): readonly HistoryEvent[] {
  return decodeStored(body, where, segment).events;
}

const base = { v: eitherFormat, epoch: count, logSeq: count, commit: token };

const segment = object<{ readonly events: readonly HistoryEvent[] }>({ events: list(historyEvent) });

export const segmentReference = object<SegmentReference>({
  subject: string,
  sequence: count,
  first: count,
  last: count,
});

export const runtimeStatus = oneOf(...runtimeStatuses);

export const suspension = object<Suspension>({ reason: optional(prose), byParent: optional(yes) });

export const head = variant<Head, 'type'>('type', {
  orchestration: {
    ...base,
    instanceId,
    name: string,
    executionId: token,
    run: optional(token),
    parent: optional(parent),
    status: runtimeStatus,
    createdAt: finite,
    updatedAt: finite,
    input: optional(json),
    inputRef: optional(valueReference),
    ...storedLabels,
    output: optional(json),
    outputRef: optional(valueReference),
    failure: optional(failure),
    customStatus: optional(json),
    reason: optional(prose),
    suspension: optional(suspension),
    retention: optional(finite),
    notify: optional(list(inbox)),
    buffered: optional(list(inboundEvent)),
    held: optional(list(segmentReference)),
    queued: optional(list(count)),
    begun: optional(list(activityRun)),
    values: optional(list(string)),
    left: optional(list(startedChild)),
    segments: list(segmentReference),
    history: list(historyEvent),
  },
  early: { ...base, events: list(inboundEvent) },
  entity: {
    ...base,
    name: string,
    key: string,
    updatedAt: finite,
    ...stateFields,
    changes: optional(stateHistory),
    journals: optional(list(journal)),
    locks: optional(entityLocks),
    planned: optional(list(plannedOperation)),
    prepared: optional(prepared),
  },
  tombstone: { ...base, segments: optional(list(segmentReference)) },
});

const wake = object<Wake>({ v: oneOf(1), epoch: count, executionId: token, at: optional(finite), load: optional(yes) });
