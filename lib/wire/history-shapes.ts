import type {
  AskedOperation,
  EntityId,
  ExecutionStarted,
  HistoryEvent,
  InboundEvent,
  ParentInstance,
  Rewound,
  StartedChild,
} from '../core/history.js';
import type { FailureDetails, FailureField } from '../errors.js';
import { checkEntityKey, checkInstanceId, checkName } from './checks.js';
import { checkJson } from './json.js';
import {
  boolean,
  checked,
  count,
  dictionary,
  finite,
  list,
  object,
  optional,
  prose,
  ShapeError,
  string,
  tuple,
  variant,
} from './shapes.js';
import type { Shape } from './shapes.js';
import { valueReference } from './value-references.js';

/** The shapes of what histories, messages and heads are made of. */

export const json = checked(checkJson);
export const instanceId = checked(checkInstanceId);

/** A random id: one subject token. */
export const token: Shape<string> = (value) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(value))
    throw new ShapeError('must be 1 to 64 of A-Z a-z 0-9 _ -');
  return value;
};

/**
 * Where to answer. Only an inbox: an owner may publish to its own log, so a sender must not choose any other subject.
 */
export const inbox: Shape<string> = (value) => {
  if (typeof value !== 'string' || !/^_INBOX[A-Za-z0-9_.=-]{1,250}$/.test(value))
    throw new ShapeError('must be an inbox subject: _INBOX, then letters, digits and _ . = -');
  return value;
};

/** A mark that is there or not. */
export const yes: Shape<true> = (value) => {
  if (value !== true) throw new ShapeError('must be true');
  return true;
};

/** Causes deeper than the fourth are dropped: that is all a failure carries. */
const maxCauses = 4;

const failureField: Shape<FailureField> = json;

export const failure = failureShape(maxCauses);

function failureShape(causes: number): Shape<FailureDetails> {
  const deeper = causes > 0 ? failureShape(causes - 1) : undefined;
  const fields = {
    name: prose,
    type: optional(prose),
    bases: optional(list(prose)),
    message: prose,
    code: optional(prose),
    stack: optional(prose),
    nonRetriable: optional(yes),
    fields: optional(dictionary(string, failureField)),
  };
  if (deeper !== undefined)
    return object<FailureDetails>({ ...fields, cause: optional(deeper), errors: optional(list(deeper)) });
  return object<Omit<FailureDetails, 'cause' | 'errors'>>(fields);
}

/** Labels as stored: they were looked at when they came. */
export const storedLabels = {
  version: optional(string),
  tags: optional(dictionary(string, string)),
  memo: optional(json),
};

const entity = object<EntityId>({
  name: checked((name) => checkName(name, 'entity')),
  key: checked(checkEntityKey),
});

export const parent = object<ParentInstance>({
  instanceId,
  executionId: token,
  taskId: count,
  run: optional(token),
});

export const startedChild = object<StartedChild>({ instanceId, executionId: token, taskId: count });

const rewound = object<Rewound>({
  at: finite,
  reason: optional(prose),
  executionId: token,
  origin: token,
  failure,
  void: list(count),
  gaps: optional(list(tuple(count, count))),
  asked: optional(list(object<AskedOperation>({ id: count, executionId: token, taskId: count }))),
});

const header = { at: finite, id: count };
const completed = { ...header, result: optional(json), resultRef: optional(valueReference) };
const failed = { ...header, failure };
const operation = { id: count, entity, operation: string, input: optional(json), inputRef: optional(valueReference) };

type UnderLock = NonNullable<Extract<HistoryEvent, { type: 'EntityOperationCalled' }>['lock']>;

const newInstance = {
  id: count,
  name: string,
  instanceId,
  input: optional(json),
  inputRef: optional(valueReference),
  ...storedLabels,
};
/** What somebody asked of the instance as a whole. */
const asked = { at: finite, reason: optional(prose) };

const inbound = {
  ExecutionStarted: {
    at: finite,
    name: string,
    executionId: token,
    run: optional(token),
    behaviour: optional(count),
    input: optional(json),
    inputRef: optional(valueReference),
    ...storedLabels,
    parent: optional(parent),
    hasFormerChildren: optional(yes),
    left: optional(list(startedChild)),
    startAt: optional(finite),
    rewound: optional(rewound),
  },
  TaskCompleted: completed,
  TaskFailed: failed,
  SubOrchestrationInstanceCompleted: completed,
  SubOrchestrationInstanceFailed: failed,
  EntityOperationCompleted: completed,
  EntityOperationFailed: failed,
  TimerFired: header,
  LockGranted: { ...header, fences: list(count) },
  LockLost: failed,
  EventRaised: { at: finite, name: string, input: optional(json), inputRef: optional(valueReference) },
  UpdateRequested: {
    at: finite,
    name: string,
    input: optional(json),
    inputRef: optional(valueReference),
    updateId: optional(string),
    waits: optional(yes),
    reply: optional(inbox),
    failure: optional(failure),
  },
  CancellationRequested: { ...asked, recursive: optional(boolean) },
  ExecutionSuspended: asked,
  ExecutionResumed: asked,
};

export const inboundEvent = variant<InboundEvent, 'type'>('type', inbound);

export const executionStarted: Shape<ExecutionStarted> = (value) => {
  const event = inboundEvent(value);
  if (event.type !== 'ExecutionStarted') throw new ShapeError('must be ExecutionStarted', '.type');
  return event;
};

export const historyEvent = variant<HistoryEvent, 'type'>('type', {
  ...inbound,
  TaskScheduled: {
    id: count,
    name: string,
    input: optional(json),
    inputRef: optional(valueReference),
    queue: optional(string),
    timeout: optional(finite),
    deadline: optional(finite),
  },
  SubOrchestrationInstanceCreated: newInstance,
  OrchestrationStartSent: { ...newInstance, startAt: optional(finite) },
  TimerCreated: { id: count, fireAt: finite },
  TimerCanceled: { id: count, timerId: count },
  EntityOperationCalled: { ...operation, lock: optional(object<UnderLock>({ id: count, fence: count })) },
  EntityOperationSignaled: { ...operation, fireAt: optional(finite) },
  EventSent: { id: count, instanceId, name: string, input: optional(json), inputRef: optional(valueReference) },
  LockRequested: { id: count, entities: list(entity), lease: finite, transaction: optional(yes) },
  LockReleased: {
    id: count,
    lockId: count,
    entities: list(entity),
    fences: optional(list(count)),
    commit: optional(yes),
  },
  Patched: { name: string },
  UpdateAnswered: { updateId: string, failure: optional(failure) },
  ExecutionCompleted: { at: finite, output: optional(json), outputRef: optional(valueReference) },
  ExecutionFailed: { at: finite, failure, causedBy: optional(list(count)), unanswered: optional(list(count)) },
  ExecutionTerminated: { ...asked, output: optional(json), outputRef: optional(valueReference) },
  ExecutionCanceled: asked,
  ContinuedAsNew: { at: finite, input: optional(json), inputRef: optional(valueReference) },
});
