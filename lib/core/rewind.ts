import { recordedEvent } from './handlers.js';
import type { HistoryEvent, InboundEvent, NumberedAction, PatchMarker } from './history.js';
import { isAction, isClosing, isInbound, isMark, isSameAction } from './replay-check.js';
import type { Completion, Turn } from './turn.js';
import type { Json } from './values.js';

/** What a rewind needs of a new executor. */
export interface RewindPort {
  /** Processes an event. */
  advance(event: InboundEvent): Turn;
  /** The number of its next action. */
  nextId(): number;
  /** Leaves out numbers of actions. */
  leaveGap(from: number, to: number): void;
  /** An event or action with its values in place of references. */
  whole<T extends object>(item: T): T;
}

/** What an execution has been through once it is rewound. */
export interface Rewinding {
  /** Its history, from the event that begins it. */
  readonly events: readonly HistoryEvent[];
  /** What its code asks for that it did not ask for before. */
  readonly fresh: readonly NumberedAction[];
  /** What it asked for before, has no answer, and is to be asked for again. */
  readonly again: readonly NumberedAction[];
  /** Operations that it called before, and whose answers are still to come, with the numbers that the calls had then. */
  readonly asked: readonly (readonly [id: number, former: number])[];
  /** Numbers of actions that are not given again. */
  readonly gaps: readonly (readonly [from: number, to: number])[];
  /** The custom status that it set last. */
  readonly customStatus: Json | undefined;
  /** That it ends at once. */
  readonly completion: Completion | undefined;
}

/**
 * The tasks whose failures made an execution fail, as its history says, and those that failed behind its end: no code has
 * dealt with them, so they are to be asked for again as well.
 */
export function failuresOf(history: readonly HistoryEvent[]): readonly number[] {
  const at = history.findLastIndex(isClosing);
  const end = history[at];
  if (end?.type !== 'ExecutionFailed') return [];
  const late = history.slice(at).flatMap((event) => ('id' in event && 'failure' in event ? [event.id] : []));
  if (end.causedBy) return [...end.causedBy, ...late];
  const last = history.slice(0, at).findLast(isInbound); // an older version did not say
  return last && 'id' in last && 'failure' in last ? [last.id] : [];
}

/** The operations that an execution had called when it failed, and that have not answered since. */
export function unansweredIn(history: readonly HistoryEvent[]): readonly number[] {
  const at = history.findLastIndex(isClosing);
  const end = history[at];
  if (end?.type !== 'ExecutionFailed' || !end.unanswered) return [];
  const answered = new Set(history.slice(at).map((event) => ('id' in event ? event.id : undefined)));
  return end.unanswered.filter((id) => !answered.has(id));
}

/**
 * Repeats an execution without some of its failures. Its events are given to the code in their order; where the code asks
 * for the same as it did then, that is taken as answered as it was then. What it does not ask for again falls away with its
 * answers, and its numbers are not given to anything else, so that everything else keeps its own.
 */
export function rewound(history: readonly HistoryEvent[], voided: ReadonlySet<number>, port: RewindPort): Rewinding {
  const marks = history.filter((event) => event.type === 'Patched');
  return new Repetition(port, marks, new Set(unansweredIn(history))).run(turnsOf(history), voided);
}

/** An event from outside, and what the code made of it. */
interface PastTurn {
  readonly event: InboundEvent;
  readonly actions: readonly NumberedAction[];
}

function turnsOf(history: readonly HistoryEvent[]): readonly PastTurn[] {
  const turns: { readonly event: InboundEvent; readonly actions: NumberedAction[] }[] = [];
  for (const event of history)
    if (isInbound(event)) turns.push({ event: withoutCaller(event), actions: [] });
    else if (isAction(event) && !isMark(event)) turns.at(-1)?.actions.push(event);
  return turns;
}

/** Whoever waited for an update was told when the execution failed, or before. */
function withoutCaller(event: InboundEvent): InboundEvent {
  if (event.type !== 'UpdateRequested') return event;
  const { reply: _, ...rest } = event;
  return rest;
}

class Repetition {
  readonly #port: RewindPort;
  readonly #marks: readonly PatchMarker[];
  readonly #unanswered: ReadonlySet<number>;
  /** The numbers of former actions, and those that they have now. */
  readonly #ids = new Map<number, number>();
  readonly #events: HistoryEvent[] = [];
  readonly #fresh = new Map<number, NumberedAction>();
  /** Actions that wait for an answer. */
  readonly #open = new Map<number, NumberedAction>();
  readonly #gaps: (readonly [from: number, to: number])[] = [];
  #customStatus: Json | undefined;
  #completion: Completion | undefined;

  /**
   * `marks`: of patches; what they say goes on to hold, wherever they stand. `unanswered`: operations by their former
   * numbers, whose answers are still to come.
   */
  constructor(port: RewindPort, marks: readonly PatchMarker[], unanswered: ReadonlySet<number>) {
    this.#port = port;
    this.#marks = marks;
    this.#unanswered = unanswered;
  }

  run(turns: readonly PastTurn[], voided: ReadonlySet<number>): Rewinding {
    for (const turn of turns) {
      if (this.#completion) break;
      const isVoid = 'id' in turn.event && 'failure' in turn.event && voided.has(turn.event.id);
      const event = isVoid ? undefined : this.#renumbered(turn.event);
      if (event) this.#repeat(event, turn.actions);
    }
    const last = turns.findLast(({ actions }) => actions.length > 0)?.actions.at(-1);
    if (last) this.#alignTo(last.id + 1);
    const asked = [...this.#ids]
      .filter(([former, id]) => this.#unanswered.has(former) && this.#open.has(id))
      .map(([former, id]) => [id, former] as const);
    const isAsked = new Set(asked.map(([id]) => id));
    return {
      events: this.#events,
      fresh: [...this.#fresh.values()],
      again: [...this.#open.values()].filter(({ id }) => !this.#fresh.has(id) && !isAsked.has(id)),
      asked,
      gaps: this.#gaps,
      customStatus: this.#customStatus,
      completion: this.#completion,
    };
  }

  #repeat(event: InboundEvent, former: readonly NumberedAction[]): void {
    if (former[0]) this.#alignTo(former[0].id);
    const turn = this.#port.advance(this.#port.whole(event));
    const { customStatus, completion } = turn;
    const actions = turn.actions.filter((action) => !isMark(action));
    this.#events.push(recordedEvent(event, turn));
    if (event.type === 'ExecutionStarted') this.#events.push(...this.#marks);
    if ('id' in event) this.#open.delete(event.id);
    if (event.type === 'CancellationRequested')
      for (const [id, { type }] of this.#open) if (type === 'TaskScheduled') this.#open.delete(id);
    let at = 0;
    for (const action of actions) {
      const found = this.#find(former, at, action);
      if (found >= 0) at = found + 1;
      this.#place(action, former[found]);
    }
    if (customStatus !== undefined) this.#customStatus = customStatus;
    this.#completion = completion;
  }

  /** Where the code asked for the same before, at `from` or behind; -1: nowhere. */
  #find(former: readonly NumberedAction[], from: number, action: NumberedAction): number {
    for (let at = from; at < former.length; at++) {
      const candidate = former[at]!;
      if (candidate.type !== action.type) continue;
      const renumbered = { ...this.#renumbered(candidate), id: action.id } as NumberedAction;
      if (isSameAction(this.#port.whole(renumbered), action)) return at;
    }
    return -1;
  }

  /** An action of the code, and the same one as it was recorded before. */
  #place(action: NumberedAction, former: NumberedAction | undefined): void {
    const recorded = former ? ({ ...this.#renumbered(former), id: action.id } as NumberedAction) : action;
    this.#events.push(recorded);
    if (former) this.#ids.set(former.id, action.id);
    else this.#fresh.set(action.id, recorded);
    if (recorded.type === 'TimerCanceled') this.#open.delete(recorded.timerId);
    else if (recorded.type === 'LockReleased') this.#open.delete(recorded.lockId);
    else if (isAnswered(recorded)) this.#open.set(action.id, recorded);
  }

  /** With the numbers that former actions have now; undefined: it is the answer to one that fell away. */
  #renumbered<T extends HistoryEvent>(event: T): T | undefined {
    const now = (id: number): number => this.#ids.get(id) ?? id;
    if (event.type === 'TimerCanceled') return { ...event, timerId: now(event.timerId) };
    if (event.type === 'LockReleased') return { ...event, lockId: now(event.lockId) };
    if (event.type === 'EntityOperationCalled' && event.lock)
      return { ...event, lock: { ...event.lock, id: now(event.lock.id) } };
    if (!('id' in event) || isAction(event)) return event;
    const id = this.#ids.get(event.id);
    return id === undefined ? undefined : { ...event, id };
  }

  /** The next action has at least this number. */
  #alignTo(id: number): void {
    const nextId = this.#port.nextId();
    if (nextId >= id) return;
    this.#port.leaveGap(nextId, id);
    this.#gaps.push([nextId, id]);
  }
}

function isAnswered({ type }: NumberedAction): boolean {
  return (
    type !== 'TimerCanceled' &&
    type !== 'LockReleased' &&
    type !== 'EntityOperationSignaled' &&
    type !== 'EventSent' &&
    type !== 'OrchestrationStartSent'
  );
}
