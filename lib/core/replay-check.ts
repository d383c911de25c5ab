import { NonDeterminismError, type FailureDetails } from '../errors.js';
import type { CallTrace, TracedPlace } from './call-trace.js';
import type {
  Action,
  ClosingEvent,
  ExecutionStarted,
  HistoryEvent,
  InboundEvent,
  Mark,
  NumberedAction,
  UpdateAnswered,
  UpdateRequested,
} from './history.js';
import { jsonDifference } from './json-difference.js';
import { jsonEqual } from './json-equal.js';
import type { Completion, HandlerOutcome, Turn, UpdateCall } from './turn.js';
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
  'OrchestrationStartSent',
  'TimerCreated',
  'TimerCanceled',
  'EntityOperationCalled',
  'EntityOperationSignaled',
  'EventSent',
  'LockRequested',
  'LockReleased',
  'Patched',
  'UpdateAnswered',
]);
const closedTypes: ReadonlySet<string> = new Set<string>([...Object.values(closingTypes), 'ExecutionTerminated']);
/** An execution can be failed, terminated and canceled from outside while its code waits. */
const outsideTypes: ReadonlySet<string> = new Set<string>([
  'ExecutionFailed',
  'ExecutionTerminated',
  'ExecutionCanceled',
]);

/** Takes a difference in a value alone, when the history is to stand in spite of it. */
export type Tolerance = (difference: NonDeterminismError) => void;

/** How a replay is compared. */
export interface Comparison {
  /** Says where an action was asked for, and where code is that asks for nothing. */
  readonly trace?: CallTrace | undefined;
  /** Absent: a difference in a value is thrown like any other. */
  readonly tolerate?: Tolerance | undefined;
}

/**
 * Compares what a turn did on replay with what the history says from index `from` on; the index behind the turn.
 * Throws NonDeterminismError for an action that differs, is missing or is too many, and for another end.
 *
 * R4. Compared are types, numbers, names, targets, due times, inputs and outputs, of which the order of keys is of no
 *     account. The queue and the timeouts of an activity are not: nothing that the code does depends on them, so they may
 *     be changed while instances run. Nor is what a failure says, or the mark of a patch: it decides what is done, and
 *     that is compared. Of updates it is compared whether they throw or wait, and when those that wait are answered.
 */
export function checkTurn(
  history: readonly HistoryEvent[],
  from: number,
  turn: Turn,
  { trace, tolerate }: Comparison,
): number {
  let at = behindMarks(history, from);
  for (const action of turn.actions) {
    if (isMark(action)) continue;
    const event = history[at];
    if (event === undefined || !isAction(event) || !isSameAction(event, action))
      refuse(differs(at, event, action, trace?.placeOf(action)), isSameButValues(event, action), tolerate);
    at = behindMarks(history, at + 1);
  }
  const next = history[at];
  const { completion } = turn;
  const place = trace?.placeOfRest(completion);
  if (next !== undefined && isAction(next)) throw differs(at, next, completion && endOf(completion), place);
  return checkEnd(at, next, completion, { place, tolerate });
}

function refuse(difference: NonDeterminismError, isOfValues: boolean, tolerate: Tolerance | undefined): void {
  if (!isOfValues || !tolerate) throw difference;
  tolerate(difference);
}

/** The same for what an update came to: whether its handler threw, returned, or waits. */
export function checkUpdate(at: number, { name, failure, waits }: UpdateRequested, turn: Turn): void {
  const thrown = turn.update && 'failure' in turn.update ? turn.update.failure : undefined;
  if ((failure === undefined) === (thrown === undefined) && waits === turn.waits) return;
  const text = (why: FailureDetails | undefined, isWaiting = false): string =>
    `update "${name}" ${why ? `throws ${why.name}: ${shorten(why.message)}` : isWaiting ? 'waits' : 'returns'}`;
  throw new NonDeterminismError(at, text(failure, waits), text(thrown, turn.waits));
}

/** The same for the updates that were answered in a turn, whose event is at this index. */
export function checkAnswers(history: readonly HistoryEvent[], at: number, { answers = [] }: Turn): void {
  const expected: string[] = [];
  for (let next = at + 1, event = history[next]; event && !isInbound(event); event = history[++next])
    if (event.type === 'UpdateAnswered') expected.push(event.updateId);
  const actual = answers.flatMap(({ update }) => markOf(update)?.updateId ?? []);
  if (jsonEqual(expected, actual)) return;
  const text = (ids: readonly string[]): string =>
    ids.length === 0 ? 'answers no update' : `answers ${ids.map((id) => `update ${JSON.stringify(id)}`).join(', ')}`;
  throw new NonDeterminismError(at, text(expected), text(actual));
}

/** What stands in the history for the end of a handler that waited; undefined: nobody waits for it. */
export function markOf({ updateId, reply }: UpdateCall, outcome?: HandlerOutcome): UpdateAnswered | undefined {
  if (updateId === undefined || reply === undefined) return undefined;
  const failure = outcome && 'failure' in outcome ? { failure: outcome.failure } : {};
  return { type: 'UpdateAnswered', updateId, ...failure };
}

/** Whether it asks for nothing. */
export function isMark(action: Action): action is Mark {
  return action.type === 'Patched' || action.type === 'UpdateAnswered';
}

/**
 * Whether the code of an execution ever ran: one that was ended before its time to begin has its start, as that was
 * recorded, and its end as its whole history.
 */
export function hasBegun({ at, startAt, rewound }: ExecutionStarted): boolean {
  return startAt === undefined || at >= startAt || rewound !== undefined;
}

/** Whether the event came from outside: it begins a turn. */
export function isInbound(event: HistoryEvent): event is InboundEvent {
  return !isAction(event) && !isClosing(event);
}

function behindMarks(history: readonly HistoryEvent[], from: number): number {
  let at = from;
  for (let event = history[at]; event && isAction(event) && isMark(event); event = history[at]) at += 1;
  return at;
}

function checkEnd(
  at: number,
  event: HistoryEvent | undefined,
  completion: Completion | undefined,
  { place, tolerate }: { readonly place: TracedPlace | undefined; readonly tolerate: Tolerance | undefined },
): number {
  const closing = event !== undefined && isClosing(event) ? event : undefined;
  if (completion === undefined) {
    if (closing !== undefined && !outsideTypes.has(closing.type)) throw differs(at, closing, goesOn, place);
  } else if (closing === undefined || !isSameEnd(closing, completion)) {
    refuse(differs(at, event, endOf(completion), place), closing?.type === closingTypes[completion.type], tolerate);
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

/** The end as an event, without its time. */
function endOf(completion: Completion): Described {
  const type = closingTypes[completion.type];
  if (completion.type === 'Completed') return withFields(type, { output: completion.output });
  if (completion.type === 'ContinuedAsNew') return withFields(type, { input: completion.input });
  if (completion.type === 'Canceled') return withFields(type, {});
  const { name, message } = completion.failure;
  return withFields(type, { failure: `${name}: ${message}` });
}

function withFields(type: string, fields: object): Described {
  return { type, ...fields };
}

/** Whether two actions ask for the same, under the same number. */
export function isSameAction(event: Action, action: NumberedAction): boolean {
  return jsonEqual(comparable(event), comparable(action));
}

/** Whether they differ in nothing but what is given along: the same is asked of the same, under the same number. */
function isSameButValues(event: HistoryEvent | undefined, action: NumberedAction): boolean {
  return event !== undefined && isAction(event) && jsonEqual(withoutValues(event), withoutValues(action));
}

function withoutValues(action: Action): Json {
  const {
    input: _i,
    fireAt: _f,
    memo: _m,
    tags: _t,
    ...rest
  } = comparable(action) as { readonly [name: string]: Json };
  return rest;
}

function comparable(action: Action): Json {
  if (action.type === 'EntityOperationSignaled') return { ...action, entity: { ...action.entity } };
  if (action.type === 'EntityOperationCalled')
    return { ...action, entity: { ...action.entity }, ...(action.lock && { lock: { ...action.lock } }) } as Json;
  if (action.type === 'LockRequested' || action.type === 'LockReleased')
    return { ...action, entities: action.entities.map((entity) => ({ ...entity })) } as Json;
  if (action.type !== 'TaskScheduled') return { ...action } as Json;
  const { queue: _queue, timeout: _timeout, deadline: _deadline, ...compared } = action;
  return compared;
}

/** Whether the code asked for it. */
export function isAction(event: HistoryEvent): event is Action {
  return actionTypes.has(event.type);
}

/** Whether the event ends its execution. */
export function isClosing(event: HistoryEvent): event is ClosingEvent {
  return closedTypes.has(event.type);
}

/** Something that the history says or the code does. */
type Described = { readonly type: string };

const goesOn = 'goes on waiting';

function differs(
  at: number,
  event: HistoryEvent | undefined,
  actual: Described | typeof goesOn | undefined,
  place?: TracedPlace,
): NonDeterminismError {
  const expected = event === undefined || isInbound(event) ? undefined : event;
  const difference = typeof actual === 'object' ? differenceOf(expected, actual) : undefined;
  return new NonDeterminismError(at, describe(expected), typeof actual === 'string' ? actual : describe(actual), {
    difference,
    ...place,
  });
}

/** The path to the first difference between two of one type. */
function differenceOf(expected: Described | undefined, actual: Described): string | undefined {
  if (expected?.type !== actual.type || !isAction(expected as HistoryEvent)) return undefined;
  const path = jsonDifference(comparable(expected as Action), comparable(actual as Action));
  return path?.slice(1);
}

/** The type with every field that is compared, the number first, long values cut. */
function describe(event: Described | undefined): string {
  if (event === undefined) return 'nothing more in this turn';
  const { type, id, at: _, ...fields } = event as Described & { readonly id?: number; readonly at?: number };
  const texts = Object.entries({ id, ...fields }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${shorten(JSON.stringify(value))}`],
  );
  return texts.length === 0 ? type : `${type} with ${texts.join(', ')}`;
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199).toWellFormed()}…`;
}
