import { decodeForeign, formatVersion } from './body.js';
import type { Decoded } from './body.js';
import type { EntityId } from '../core/history.js';
import { checkEntityKey, checkName } from './checks.js';
import { inbox, instanceId, json, token, yes } from './history-shapes.js';
import { address, messageId } from './message-codec.js';
import type { Answer, CircleLink, Notice, Query } from './queries.js';
import { boolean, checked, count, list, object, oneOf, optional, variant } from './shapes.js';
import { encodeText } from './text-encoding.js';

/** The owner's side of queries. A query as found on `q`: anybody may ask, so every field is checked. */
export function decodeQuery(body: Uint8Array): Decoded<Query> {
  return decodeForeign(body, query);
}

export function encodeAnswer(answer: Answer): Uint8Array {
  return encodeText(JSON.stringify(answer));
}

export function encodeNotice(notice: Notice): Uint8Array {
  return encodeText(JSON.stringify(notice));
}

/** Several notices for one inbox. */
export function encodeNotices(notices: readonly Notice[]): Uint8Array {
  return encodeText(JSON.stringify({ v: formatVersion, kind: 'several', notices }));
}

const link = object<CircleLink>({ address, executionId: token, taskId: count, locked: optional(address) });

const entity = object<EntityId>({ name: checked((name) => checkName(name, 'entity')), key: checked(checkEntityKey) });

const query = variant<Query, 'kind'>('kind', {
  status: { v: oneOf(1), instanceId, history: optional(boolean), notify: optional(inbox), changes: optional(yes) },
  entity: { v: oneOf(1), entity, notify: optional(inbox), changes: optional(yes) },
  mailbox: { v: oneOf(1), entity },
  read: {
    v: oneOf(1),
    entity,
    name: checked((name) => checkName(name, 'operation')),
    input: optional(json),
    after: optional(count),
  },
  query: {
    v: oneOf(1),
    instanceId,
    name: checked((name) => checkName(name, 'query')),
    runId: optional(token),
    input: optional(json),
  },
  inspect: { v: oneOf(1) },
  release: { v: oneOf(1), address, discard: optional(boolean) },
  breakLock: { v: oneOf(1), address, fence: count },
  activity: { v: oneOf(1), instanceId, executionId: token, taskId: count },
  circle: { v: oneOf(1), address, calls: list(link) },
  waiting: { v: oneOf(1) },
  stored: { v: oneOf(1) },
  outcome: { v: oneOf(1), address, id: messageId, session: optional(token), number: optional(count) },
});
