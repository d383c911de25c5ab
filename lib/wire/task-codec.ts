import { decodeForeign, type Decoded } from './body.js';
import { checkName } from './checks.js';
import { json, token, yes } from './history-shapes.js';
import { address } from './message-codec.js';
import { checked, count, finite, list, object, oneOf, optional, ShapeError, tuple } from './shapes.js';
import type { Shape } from './shapes.js';
import { valueReference } from './value-references.js';
import type { TaskIds, TaskRequest, UnwantedTasks, WantedAnswer } from './tasks.js';
import { encodeText } from './text-encoding.js';

export function encodeTaskRequest(request: TaskRequest): Uint8Array {
  return encodeText(JSON.stringify(request));
}

/** A request as found in a work queue: it may come from anybody, so every field is checked and nothing throws. */
export function decodeTaskRequest(body: Uint8Array): Decoded<TaskRequest> {
  return decodeForeign(body, request);
}

export function encodeUnwanted(unwanted: UnwantedTasks): Uint8Array {
  return encodeText(JSON.stringify(unwanted));
}

/** Never throws for its content. */
export function decodeUnwanted(body: Uint8Array): Decoded<UnwantedTasks> {
  return decodeForeign(body, unwanted);
}

/** The owner's answer to a query for an activity. Never throws for its content. */
export function decodeWanted(body: Uint8Array): Decoded<WantedAnswer> {
  return decodeForeign(body, wanted);
}

const v = oneOf(1);

export const taskIds: Shape<TaskIds> = tuple(token, list(count));

const boolean: Shape<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new ShapeError('must be true or false');
  return value;
};

const request = object<TaskRequest>({
  v,
  to: address,
  executionId: token,
  taskId: count,
  name: checked((name) => checkName(name, 'activity')),
  input: optional(json),
  inputRef: optional(valueReference),
  timeout: optional(finite),
  deadline: optional(finite),
  runs: optional(count),
  lost: optional(count),
  isLast: optional(yes),
});

const unwanted = object<UnwantedTasks>({ v, tasks: list(taskIds) });

const wanted = object<WantedAnswer>({
  v,
  kind: oneOf('activity'),
  executionId: token,
  taskId: count,
  isWanted: boolean,
});
