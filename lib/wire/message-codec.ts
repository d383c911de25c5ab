import type {
  Addressed,
  Caller,
  ChannelEntry,
  Envelope,
  Message,
  OperationMessage,
  Parent,
  ResultMessage,
} from './messages.js';
import type { SessionEnvelope } from './sessions.js';
import { parseAddress } from './addresses.js';
import { checkMemo, checkTags, checkVersion } from '../core/labels.js';
import { decodeForeign, formatVersion } from './body.js';
import type { Decoded } from './body.js';
import { checkName, textFault } from './checks.js';
import { failure, inbox, json, token, yes } from './history-shapes.js';
import { checkJson } from './json.js';
import {
  boolean,
  checked,
  count,
  finite,
  list,
  object,
  oneOf,
  optional,
  prose,
  ShapeError,
  tuple,
  variant,
} from './shapes.js';
import type { Shape } from './shapes.js';
import { encodeText } from './text-encoding.js';
import { valueReference } from './value-references.js';

/** One message for one mailbox. */
export function encodeMessage(message: Message): Uint8Array {
  return encodeText(JSON.stringify({ v: formatVersion, ...message }));
}

/** A message as found in a mailbox: it may come from anybody, so every field is checked and nothing throws. */
export function decodeMessage(body: Uint8Array): Decoded<Message> {
  return decodeForeign(body, message);
}

/** The text of a message with its address, made once for the record and for every envelope that carries it. */
export function encodeAddressed(addressed: Addressed): string {
  return JSON.stringify(addressed);
}

/** The message of a text of `encodeAddressed`. */
export function decodeAddressed(text: string): Addressed {
  return addressed(JSON.parse(text));
}

/** A channel entry whose messages are the texts of `encodeAddressed`. */
export interface EncodedEntry {
  readonly n: number;
  readonly prev: number;
  readonly part?: ChannelEntry['part'];
  readonly reset?: ChannelEntry['reset'];
  readonly messages: readonly string[];
}

/** An envelope from partition `from`. */
export function encodeEnvelope(from: number, entries: readonly EncodedEntry[]): Uint8Array {
  const texts = entries.map(({ n, prev, part, reset, messages }) => {
    const which = part ? `,"part":[${part.join(',')}]` : '';
    const anew = reset ? ',"reset":true' : '';
    return `{"n":${n},"prev":${prev}${which}${anew},"messages":[${messages.join(',')}]}`;
  });
  return encodeText(`{"v":${formatVersion},"from":${from},"entries":[${texts.join(',')}]}`);
}

/** An envelope as found on a partition's `m.x`, of a partition or of a client session; checked like any message. */
export function decodeEnvelope(body: Uint8Array): Decoded<Envelope | SessionEnvelope> {
  return decodeForeign(body, (value) => (hasSession(value) ? sessionEnvelope(value) : envelope(value)));
}

export const address: Shape<string> = checked((value) => {
  if (typeof value !== 'string') throw new ShapeError('must be an address');
  parseAddress(value);
  return value;
});

/** A message's own id. */
export const messageId: Shape<string> = (value) => {
  const wrong = textFault(value, 256);
  if (wrong !== undefined) throw new ShapeError(wrong);
  return value as string;
};

export const caller = object<Caller>({ address, executionId: token, taskId: count });

const parent = object<Parent>({ address, executionId: token, taskId: count, run: optional(token) });

/** What a message of a client session says of it. */
export const sessionFields = { session: optional(token), number: optional(count), done: optional(list(count)) };

const fromClient = { id: optional(messageId), reply: optional(inbox), ...sessionFields };

export const message = variant<Message, 'kind'>('kind', {
  start: {
    name: checked((name) => checkName(name, 'orchestrator')),
    input: optional(json),
    inputRef: optional(valueReference),
    version: optional(checked(checkVersion)),
    tags: optional(checked(checkTags)),
    memo: optional(checked((memo) => checkMemo(checkJson(memo)))),
    notify: optional(inbox),
    parent: optional(parent),
    startAt: optional(finite),
    runId: optional(token),
    ifExists: optional(oneOf('attach', 'replace')),
    isRepeated: optional(yes),
    ...fromClient,
  },
  event: {
    name: checked((name) => checkName(name, 'event')),
    runId: optional(token),
    input: optional(json),
    inputRef: optional(valueReference),
    ...fromClient,
  },
  update: {
    name: checked((name) => checkName(name, 'update')),
    runId: optional(token),
    input: optional(json),
    inputRef: optional(valueReference),
    ...fromClient,
  },
  operation: {
    name: checked((name) => checkName(name, 'operation')),
    input: optional(json),
    inputRef: optional(valueReference),
    caller: optional(caller),
    due: optional(finite),
    chain: optional(list(address)),
    lock: optional(object<NonNullable<OperationMessage['lock']>>({ id: count, fence: count })),
    ...fromClient,
  },
  control: {
    action: oneOf('suspend', 'resume', 'cancel', 'terminate', 'rewind', 'restart', 'purge'),
    reason: optional(prose),
    output: optional(json),
    outputRef: optional(valueReference),
    recursive: optional(boolean),
    runId: optional(token),
    parent: optional(caller),
    ...fromClient,
  },
  result: {
    of: oneOf('activity', 'subOrchestration', 'operation', 'lock'),
    executionId: token,
    taskId: count,
    result: optional(json),
    resultRef: optional(valueReference),
    failure: optional(failure),
    fences: optional(list(count)),
    from: optional(object<NonNullable<ResultMessage['from']>>({ entity: address, fence: count })),
  },
  lockRequest: {
    holder: caller,
    entities: list(address),
    fences: list(count),
    lease: finite,
    transaction: optional(yes),
    ...fromClient,
  },
  lockCancel: { holder: caller, entities: list(address), at: count, ...fromClient },
  lockRelease: { holder: caller, fence: count, commit: optional(yes), unknown: optional(yes), ...fromClient },
});

export const addressed: Shape<Addressed> = tuple(address, message);

const entryFields = object<ChannelEntry>({
  n: count,
  prev: count,
  part: optional(tuple(count, count)),
  reset: optional(yes),
  messages: list(addressed),
});

const entry: Shape<ChannelEntry> = (value) => {
  const read = entryFields(value);
  if (read.prev >= read.n) throw new ShapeError('must be below n', '.prev');
  return read;
};

const envelope = object<Envelope>({ v: oneOf(1), from: count, entries: list(entry) });

const hasSession = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'session');

const sessionEnvelope = object<SessionEnvelope>({
  v: oneOf(1),
  session: token,
  first: count,
  done: optional(list(count)),
  messages: list(addressed),
});
