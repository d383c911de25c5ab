import type { EntityId, HistoryEvent, InboundEvent, ParentInstance } from '../core/history.js';
import type { FailureDetails, FailureField } from '../errors.js';
import { checkEntityKey, checkInstanceId, checkName } from './checks.js';
import { checkJson } from './json.js';
import {
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

const parent = object<ParentInstance>({ instanceId, executionId: token, taskId: count });

const header = { at: finite, id: count };
const completed = { ...header, result: optional(json), resultRef: optional(valueReference) };
const failed = { ...header, failure };
const operation = { id: count, entity, operation: string, input: optional(json), inputRef: optional(valueReference) };

const newInstance = {
  id: count,
  name: string,
  instanceId,
  input: optional(json),
  inputRef: optional(valueReference),
  ...storedLabels,
};

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
  },
  TaskCompleted: completed,
  TaskFailed: failed,
  SubOrchestrationInstanceCompleted: completed,
  SubOrchestrationInstanceFailed: failed,
  EntityOperationCompleted: completed,
  EntityOperationFailed: failed,
  TimerFired: header,
  EventRaised: { at: finite, name: string, input: optional(json), inputRef: optional(valueReference) },
  UpdateRequested: {
    at: finite,
    name: string,
    input: optional(json),
    inputRef: optional(valueReference),
    updateId: optional(string),
    reply: optional(inbox),
    failure: optional(failure),
  },
};

export const inboundEvent = variant<InboundEvent, 'type'>('type', inbound);

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
  OrchestrationStartSent: newInstance,
  TimerCreated: { id: count, fireAt: finite },
  TimerCanceled: { id: count, timerId: count },
  EntityOperationCalled: operation,
  EntityOperationSignaled: operation,
  EventSent: { id: count, instanceId, name: string, input: optional(json), inputRef: optional(valueReference) },
  Patched: { name: string },
  ExecutionCompleted: { at: finite, output: optional(json), outputRef: optional(valueReference) },
  ExecutionFailed: { at: finite, failure },
  ContinuedAsNew: { at: finite, input: optional(json), inputRef: optional(valueReference) },
});
