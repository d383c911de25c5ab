import { toFailureDetails } from '../core/failure.js';
import { recordedEvent } from '../core/handlers.js';
import type {
  Action,
  ClosingEvent,
  ExecutionStarted,
  HistoryEvent,
  InboundEvent,
  StartedChild,
} from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import { recordedBehaviour } from '../core/replay-behaviour.js';
import { markOf } from '../core/replay-check.js';
import type { Rewinding } from '../core/rewind.js';
import type { Completion, HandlerOutcome, Turn, UpdateCall } from '../core/turn.js';
import type { Json } from '../core/values.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { Addressed, Address } from '../wire/messages.js';
import type { Notice } from '../wire/queries.js';
import type { StepEntry } from '../wire/record.js';
import type { PendingActivity, StepOutput } from './activation.js';
import { endOfLock, lockAfter, type HeldLock } from './held-lock.js';
import { addEffects, effectsOf, toChildren, type ActionEffects } from './orchestration-effects.js';
import { isOperationAnswer } from './orchestration-inputs.js';
import { OpenUpdates } from './open-updates.js';
import { endOf, type OpenAction } from './orchestration-state.js';
import { childrenIn, hasChildrenAfter, leftWith } from './started-children.js';
import { toldAtEnd, toldToParent } from './orchestration-ends.js';
import { answerTo, cutOff, saidByCode, type AnsweredUpdate, type ToldOutcome } from './orchestration-updates.js';

/** The end of an execution that ends the instance. */
export type Ended = Exclude<ClosingEvent, { type: 'ContinuedAsNew' }>;

type ContinuedAsNew = Extract<Completion, { type: 'ContinuedAsNew' }>;

/** An instance as a step finds it. */
export interface TurnStart {
  readonly address: Address;
  /** Who waits for the end. */
  readonly notify: readonly string[];
  /** The instance's time. */
  readonly at: number;
  /** The running execution's first event. */
  readonly started?: ExecutionStarted | undefined;
  /** What it waits for. */
  readonly open?: ReadonlyMap<number, OpenAction>;
  /** The critical section that it is in. */
  readonly lock?: HeldLock | undefined;
  /** Whether the run has started sub-orchestrations. */
  readonly hasChildren?: boolean;
  /** Those that earlier executions have left running. */
  readonly left?: readonly StartedChild[];
  /** The updates whose handlers wait. */
  readonly updates?: OpenUpdates;
}

/** Gathers what one step of an orchestration instance brings, through as many executions as it passes. */
export class OrchestrationTurn {
  readonly #address: Address;
  readonly #notify: readonly string[];
  readonly #open: ReadonlyMap<number, OpenAction>;
  #started: ExecutionStarted | undefined;
  #lock: HeldLock | undefined;
  #hasChildren: boolean;
  #left: readonly StartedChild[];
  readonly #updates = new OpenUpdates();
  readonly #events: HistoryEvent[] = [];
  readonly #messages: Addressed[] = [];
  #activities: PendingActivity[] = [];
  #customStatus: Json | undefined;
  readonly #answered: AnsweredUpdate[] = [];
  #ended: Ended | undefined;
  #at: number;
  #hasClosed = false;
  #isCanceled = false;

  constructor(begin: TurnStart) {
    const { address, notify, at, started, open = noneOpen, lock, hasChildren = false, left = [], updates } = begin;
    this.#address = address;
    this.#notify = notify;
    this.#at = at;
    this.#started = started;
    this.#open = open;
    this.#lock = lock;
    this.#hasChildren = hasChildren;
    this.#left = left;
    for (const update of updates?.all ?? []) this.#updates.take(update);
  }

  /** An event as it is taken: one that was held back, or is carried over, came earlier (P19). */
  timed(event: InboundEvent): InboundEvent {
    return event.at < this.#at ? { ...event, at: this.#at } : event;
  }

  /** An event and what the code made of it. */
  take(event: InboundEvent, turn: Turn): Turn {
    if (event.type === 'ExecutionStarted') this.#started = event;
    this.#at = event.at;
    if (event.type === 'CancellationRequested') this.#cancel(event);
    const recorded = recordedEvent(event, turn);
    this.#events.push(recorded);
    append(this.#events, turn.actions);
    this.#follow(recorded);
    for (const action of turn.actions) this.#follow(action);
    if (event.type === 'UpdateRequested' && turn.update) this.answer(event, saidByCode(turn.update));
    for (const { update, outcome } of turn.answers ?? []) this.#answerLate(update, outcome);
    addEffects(this.#effects, turn.actions, this.#asking);
    if (turn.customStatus !== undefined) this.#customStatus = turn.customStatus;
    if (turn.completion && !this.#ended) this.#complete(turn.completion);
    return turn;
  }

  /** What an update has come to. */
  answer(update: UpdateCall, told: ToldOutcome): void {
    const answered = answerTo(update, told);
    if (answered) this.#answered.push(answered);
  }

  #answerLate(update: UpdateCall, outcome: HandlerOutcome): void {
    const mark = markOf(update, outcome);
    if (!mark) return; // nobody waits for it
    this.#events.push(mark);
    this.#follow(mark);
    this.answer(update, saidByCode(outcome));
  }

  /** Handlers that wait do not outlive their execution. */
  #cutOff(end: ClosingEvent): void {
    for (const update of this.#updates.all) this.answer(update, { failure: cutOff(update, end, this.#address) });
    this.#updates.clear();
  }

  /** An execution that was rewound, from its first event on; `whole` gives an action with its values. */
  repeat(events: readonly HistoryEvent[], rewinding: Rewinding, at: number, whole: (action: Action) => Action): void {
    this.#started = events[0] as ExecutionStarted;
    this.#at = at;
    append(this.#events, events);
    for (const event of events) this.#follow(event);
    addEffects(this.#effects, rewinding.fresh, this.#asking);
    append(this.#messages, effectsOf(rewinding.again.map(whole), { ...this.#asking, isRepeated: true }).messages);
    // An activity is asked for as it is recorded: its large input stays where it is.
    append(this.#activities, effectsOf(rewinding.again, this.#asking).activities);
    this.#customStatus = rewinding.customStatus;
    if (rewinding.completion) this.#complete(rewinding.completion);
  }

  #follow(event: HistoryEvent): void {
    this.#lock = lockAfter(this.#lock, event);
    this.#hasChildren = hasChildrenAfter(this.#hasChildren, event);
    this.#updates.take(event);
    if (event.type === 'ExecutionStarted') this.#left = event.left ?? [];
  }

  get #asking() {
    return { address: this.#address, started: this.#started! };
  }

  get #effects(): ActionEffects {
    return { messages: this.#messages, activities: this.#activities };
  }

  /** What the execution has asked of others is to end, too. */
  #cancel({ reason, recursive }: Extract<InboundEvent, { type: 'CancellationRequested' }>): void {
    this.#isCanceled = true;
    this.#activities = [];
    if (recursive === false) return;
    const asked = { action: 'cancel' as const, ...(reason !== undefined && { reason }) };
    this.#messages.push(...toChildren([...this.#left, ...this.#openChildren()], this.#address, asked));
  }

  #openChildren(): readonly StartedChild[] {
    return childrenIn(this.#openActions(), this.#started!);
  }

  /** What waits for an answer at this point of the step. */
  #openActions(): Iterable<Action> {
    const open = new Map<number, Action>(this.#open);
    for (const event of this.#events) {
      if (event.type === 'SubOrchestrationInstanceCreated' || event.type === 'EntityOperationCalled')
        open.set(event.id, event);
      else if (event.type === 'ExecutionStarted') open.clear();
      else if ('at' in event && 'id' in event) open.delete(event.id);
    }
    return open.values();
  }

  /** What came and was not gone through, once the execution has failed: the answers of operations are kept for a rewind. */
  leave(events: readonly InboundEvent[]): void {
    if (this.#ended?.type !== 'ExecutionFailed') return;
    for (const event of events) if (isOperationAnswer(event)) this.#events.push(this.timed(event));
  }

  /** An execution that cannot run at all. */
  refuse(event: ExecutionStarted, error: Error): void {
    this.take(event, { actions: [], completion: { type: 'Failed', failure: toFailureDetails(error) } });
  }

  /** The execution is ended from outside, whether it has begun or not. */
  end(ended: Ended, scheduled?: ExecutionStarted): void {
    if (scheduled) this.#events.push(scheduled);
    this.#close(ended);
  }

  /** The first event of the execution that follows the one which ended. */
  continued({ input, version }: ContinuedAsNew, executionId: string): ExecutionStarted {
    const { name, parent, executionId: former, run = former } = this.#started!;
    this.#customStatus = undefined;
    return {
      type: 'ExecutionStarted',
      at: this.#at,
      name,
      executionId,
      run,
      ...recordedBehaviour(),
      ...(input !== undefined && { input }),
      ...labelsOf(this.#started!),
      ...(version !== undefined && { version }),
      ...(parent && { parent }),
      ...(this.#hasChildren && { hasFormerChildren: true }),
      ...leftWith(this.#left, []),
    };
  }

  #complete(completion: Completion): void {
    const at = this.#at;
    switch (completion.type) {
      case 'ContinuedAsNew':
        return this.#close({ type: 'ContinuedAsNew', at, ...inputOf(completion.input) });
      case 'Completed':
        return this.#close({ at, ...completion, type: 'ExecutionCompleted' });
      case 'Failed':
        return this.#close({ at, ...completion, type: 'ExecutionFailed' });
      case 'Canceled':
        return this.#close({ at, ...completion, type: 'ExecutionCanceled' });
    }
  }

  #close(end: ClosingEvent): void {
    const closing = end.type === 'ExecutionFailed' ? { ...end, ...this.#unanswered() } : end;
    // Work of an execution that has ended is of no interest any more: its results would be refused.
    this.#activities = [];
    this.#hasClosed = true;
    if (end.type === 'ContinuedAsNew') this.#left = [...this.#left, ...this.#openChildren()];
    this.#events.push(closing);
    this.#cutOff(closing);
    this.#unlock();
    if (closing.type === 'ContinuedAsNew') return;
    this.#ended = closing;
    this.#tellParent(closing);
  }

  /** The record that ends an execution ends its critical section (P22). */
  #unlock(): void {
    const lock = this.#lock;
    if (!lock || !this.#started) return;
    const { executionId } = this.#started;
    this.#messages.push(...endOfLock(lock, { address: this.#address, executionId, taskId: lock.id }));
    this.#lock = undefined;
  }

  /** The operations whose answers are to be kept for a rewind: what they did is not to be done again. */
  #unanswered(): { readonly unanswered?: readonly number[] } {
    const unanswered: number[] = [];
    for (const action of this.#openActions()) if (action.type === 'EntityOperationCalled') unanswered.push(action.id);
    return unanswered.length > 0 ? { unanswered } : {};
  }

  #tellParent(ended: Ended): void {
    const parent = this.#started?.parent;
    if (!parent) return;
    const { instanceId, executionId, taskId } = parent;
    const told = toldToParent(ended, this.#address);
    this.#messages.push([
      orchestrationAddress(instanceId),
      { kind: 'result', of: 'subOrchestration', executionId, taskId, ...told },
    ]);
  }

  /** Whether nobody wants to know any more of activities that the step has found open. */
  get givesUpActivities(): boolean {
    return this.#hasClosed || this.#isCanceled;
  }

  /** The step's output; `extra`: what the entry says beside; what the next step is to take. */
  output(
    instanceId: string,
    extra: Pick<StepEntry, 'notify' | 'taken' | 'retention'>,
    returned: readonly InboundEvent[] = [],
  ): StepOutput {
    const notices = this.#answered.map(({ notice }) => notice).concat(this.#endNotices(instanceId));
    return {
      entry: {
        events: this.#events,
        ...(this.#customStatus !== undefined && { customStatus: this.#customStatus }),
        ...extra,
        ...(this.#answered.length > 0 && { outcomes: this.#answered.map(({ outcome }) => outcome) }),
        ...(returned.length > 0 && { returned }),
      },
      goesOn: returned.length > 0 || undefined,
      messages: this.#messages,
      activities: this.#activities,
      notices,
    };
  }

  #endNotices(instanceId: string): (readonly [string, Notice])[] {
    const ended = this.#ended;
    if (!ended) return [];
    const { executionId, run: runId = executionId } = this.#started!;
    const runtimeStatus = endOf[ended.type];
    const notice: Notice = { v: 1, kind: 'ended', instanceId, runId, runtimeStatus, ...toldAtEnd(ended) };
    return this.#notify.map((inbox) => [inbox, notice] as const);
  }
}

const noneOpen: ReadonlyMap<number, OpenAction> = new Map();

function inputOf(input: Json | undefined): { readonly input?: Json } {
  return input === undefined ? {} : { input };
}

/** A turn may have asked for a million things: that many arguments of a call overflow the stack. */
function append<T>(to: T[], items: readonly T[]): void {
  for (const item of items) to.push(item);
}
