import { NonDeterminismError } from '../errors.js';
import type { Action, ClosingEvent, HistoryEvent, InboundEvent } from './history.js';
import { jsonEqual } from './json-equal.js';
import type { Completion, Turn } from './turn.js';
import type { Json } from './values.js';

const closingTypes = {
  Completed: 'ExecutionCompleted',
  Failed: 'ExecutionFailed',
  Canceled: 'ExecutionCanceled',
  ContinuedAsNew: 'ContinuedAsNew',
} as const;
const actionTypes: ReadonlySet<string> = new Set<Action['type']>([
  'TaskScheduled',
  'SubOrchestrationInstanceCreated',
  'TimerCreated',
  'TimerCanceled',
  'EntityOperationCalled',
  'EntityOperationSignaled',
  'EventSent',
]);
const closedTypes: ReadonlySet<string> = new Set<string>([...Object.values(closingTypes), 'ExecutionTerminated']);
/** An execution can be failed, terminated and canceled from outside while its code waits. */
const outsideTypes: ReadonlySet<string> = new Set<string>([
  'ExecutionFailed',
  'ExecutionTerminated',
  'ExecutionCanceled',
]);

/**
 * Compares what a turn did on replay with what the history says from index `from` on; the index behind the turn.
 * Throws NonDeterminismError for an action that differs, is missing or is too many, and for another end.
 *
 * R4. Compared are types, numbers, names, targets, due times and inputs, of which the order of keys is of no account.
 *     The queue and the timeouts of an activity are not: they may be changed while instances run.
 */
export function checkTurn(history: readonly HistoryEvent[], from: number, turn: Turn): number {
  let at = from;
  for (const action of turn.actions) {
    const event = history[at];
    if (event === undefined || !isAction(event) || !isSameAction(event, action))
      throw differs(at, event, describe(action));
    at += 1;
  }
  const next = history[at];
  if (next !== undefined && isAction(next)) throw differs(at, next, 'nothing more in this turn');
  return checkEnd(at, next, turn.completion);
}

/** Whether the event came from outside: it begins a turn. */
export function isInbound(event: HistoryEvent): event is InboundEvent {
  return !isAction(event) && !isClosing(event);
}

function checkEnd(at: number, event: HistoryEvent | undefined, completion: Completion | undefined): number {
  const closing = event !== undefined && isClosing(event) ? event : undefined;
  if (completion === undefined) {
    if (closing !== undefined && !outsideTypes.has(closing.type)) throw differs(at, closing, 'goes on waiting');
  } else if (closing === undefined || !isSameEnd(closing, completion)) {
    throw differs(at, event, describe({ ...completion, type: closingTypes[completion.type] }));
  }
  return closing === undefined ? at : at + 1;
}

function isSameEnd(event: ClosingEvent, completion: Completion): boolean {
  if (event.type === 'ExecutionCompleted' && completion.type === 'Completed')
    return jsonEqual(event.output, completion.output);
  if (event.type === 'ContinuedAsNew' && completion.type === 'ContinuedAsNew')
    return jsonEqual(event.input, completion.input);
  return (
    (event.type === 'ExecutionFailed' && completion.type === 'Failed') ||
    (event.type === 'ExecutionCanceled' && completion.type === 'Canceled')
  );
}

/** Whether two actions ask for the same, under the same number. */
export function isSameAction(event: Action, action: Action): boolean {
  return jsonEqual(comparable(event), comparable(action));
}

function comparable(action: Action): Json {
  if (action.type === 'EntityOperationCalled' || action.type === 'EntityOperationSignaled')
    return { ...action, entity: { ...action.entity } };
  if (action.type !== 'TaskScheduled') return { ...action };
  const { queue: _queue, timeout: _timeout, deadline: _deadline, ...compared } = action;
  return compared;
}

/** Whether the code asked for it. */
export function isAction(event: HistoryEvent): event is Action {
  return actionTypes.has(event.type);
}

function isClosing(event: HistoryEvent): event is ClosingEvent {
  return closedTypes.has(event.type);
}

function differs(at: number, event: HistoryEvent | undefined, actual: string): NonDeterminismError {
  const expected = event === undefined || isInbound(event) ? 'nothing more in this turn' : describe(event);
  return new NonDeterminismError(at, expected, actual);
}

/** The type with every field, long values cut. */
function describe(event: { readonly type: string }): string {
  const { type, ...fields } = event;
  const texts = Object.entries(fields).map(([name, value]) => `${name} ${shorten(JSON.stringify(value))}`);
  return texts.length === 0 ? type : `${type} with ${texts.join(', ')}`;
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199).toWellFormed()}…`;
}
