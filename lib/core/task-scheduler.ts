import { IllegalAwaitError, type FailureDetails } from '../errors.js';
import { errorsIn } from './causes.js';
import type { AtomicTask } from './atomic-task.js';
import type { CallTrace } from './call-trace.js';
import type { Action, InboundEvent, NumberedAction, PatchMarker } from './history.js';
import type { ValueCodec } from './values.js';

/** Inbound events that end a task. */
export type TaskEvent = Extract<InboundEvent, { readonly id: number }>;

const answeredActions = {
  TaskCompleted: 'TaskScheduled',
  TaskFailed: 'TaskScheduled',
  SubOrchestrationInstanceCompleted: 'SubOrchestrationInstanceCreated',
  SubOrchestrationInstanceFailed: 'SubOrchestrationInstanceCreated',
  EntityOperationCompleted: 'EntityOperationCalled',
  EntityOperationFailed: 'EntityOperationCalled',
  TimerFired: 'TimerCreated',
  LockGranted: 'LockRequested',
  LockLost: 'LockRequested',
} as const satisfies Record<TaskEvent['type'], Action['type']>;

/** An action that waits for its answer. */
interface Open {
  readonly type: Action['type'];
  readonly task: AtomicTask<unknown>;
  /** Whether it is a timer between two attempts or two polls. */
  readonly isPause: boolean;
}

/**
 * Numbers the actions of an execution from 0 in order of creation, and finds the task that an event ends.
 *
 * R2. An action is recorded at the call that asks for it, and only during a turn.
 * R3. A task ends once: an event for an unknown or ended task changes nothing.
 */
export class TaskScheduler {
  readonly #values: ValueCodec;
  readonly #trace: CallTrace | undefined;
  readonly #open = new Map<number, Open>();
  /** The tasks that failed, by the errors that they failed with. */
  #failures: WeakMap<object, number> | undefined;
  #nextId = 0;
  /** Numbers that are not given: at the first of a gap, the next one is what it leads to. */
  #gaps: Map<number, number> | undefined;
  /** The actions of the turn; undefined between turns. */
  #actions: Action[] | undefined;
  #isLooking = false;
  #hasCanceledTimers = false;

  /** `trace`: to be told of every action where it is asked for. */
  constructor(values: ValueCodec, trace?: CallTrace) {
    this.#values = values;
    this.#trace = trace;
  }

  beginTurn(): void {
    this.#actions = [];
    this.#hasCanceledTimers = false;
  }

  /** Closes the turn; what it recorded. */
  endTurn(): readonly Action[] {
    const actions = this.#actions ?? [];
    this.#actions = undefined;
    return actions;
  }

  /** Whether code that only looks is running: what it reads does not count as seen. */
  get isLooking(): boolean {
    return this.#isLooking;
  }

  /** Runs code that only looks: what it asks for throws, as it does between turns. `sees`: what it reads counts as seen. */
  look<T>(code: () => T, sees = false): T {
    const [actions, wasLooking] = [this.#actions, this.#isLooking];
    this.#actions = undefined;
    this.#isLooking = !sees;
    try {
      return code();
    } finally {
      this.#actions = actions;
      this.#isLooking = wasLooking;
    }
  }

  /** Throws IllegalAwaitError between turns. */
  assertInTurn(): void {
    if (this.#actions !== undefined) return;
    throw new IllegalAwaitError(
      'The orchestration context was used outside the turn of its orchestrator, such as in the callback of a promise or ' +
        'a timer, in a query, or in the condition of a waitUntil. Do the IO in an activity, and call the context from the ' +
        'generator and from updates only.',
    );
  }

  /** Records an action without an answer. */
  record<A extends NumberedAction>(make: (id: number) => A): A {
    this.assertInTurn();
    this.#nextId = this.nextId;
    const action = make(this.#nextId);
    this.#actions?.push(action);
    this.#trace?.note(action);
    this.#nextId += 1;
    return action;
  }

  /** Records a mark, which has no number: taken out of the code again, it leaves those of the others as they are. */
  mark(marker: PatchMarker): void {
    this.assertInTurn();
    this.#actions?.push(marker);
  }

  /** Records an action whose answer ends the task. */
  schedule<T extends AtomicTask<unknown>>(make: (id: number) => NumberedAction, task: T, isPause = false): T {
    const action = this.record(make);
    this.#open.set(action.id, { type: action.type, task, isPause });
    return task;
  }

  /** Records that a timer is cancelled; it will not end. */
  cancelTimer(timerId: number): void {
    this.record((id) => ({ type: 'TimerCanceled', id, timerId }));
    this.#open.delete(timerId);
    this.#hasCanceledTimers = true;
  }

  /** Records that a critical section ends; a request that waits for its answer will not end. */
  release(lock: Omit<Extract<NumberedAction, { type: 'LockReleased' }>, 'type' | 'id'>): void {
    this.record((id) => ({ type: 'LockReleased', id, ...lock }));
    if (this.#open.delete(lock.lockId)) this.#hasCanceledTimers = true;
  }

  /** Whether a timer, or the request of a lock, was cancelled in this turn. */
  get hasCanceledTimers(): boolean {
    return this.#hasCanceledTimers;
  }

  /** Gives a task its answer. */
  settle(event: TaskEvent): void {
    const open = this.#open.get(event.id);
    if (open === undefined || open.type !== answeredActions[event.type]) return;
    this.#open.delete(event.id);
    if ('failure' in event) this.#fail(event.id, open.task, event.failure);
    else open.task.complete('result' in event ? this.#values.decode(event.result) : undefined);
  }

  /** Ends every open activity with this failure: nobody waits for their results any more. */
  giveUpActivities(failure: FailureDetails): void {
    const activities = [...this.#open].filter(([, { type }]) => type === 'TaskScheduled');
    for (const [id] of activities) this.#open.delete(id);
    for (const [id, { task }] of activities) this.#fail(id, task, failure);
  }

  /** Ends every timer between two attempts or two polls: neither is made any more. */
  endPauses(): void {
    const pauses = [...this.#open].filter(([, { isPause }]) => isPause);
    for (const [id] of pauses) this.cancelTimer(id);
    for (const [, { task }] of pauses) task.complete(undefined);
  }

  /** The tasks whose failures an error is, or has among its causes. */
  failuresIn(error: unknown): readonly number[] {
    const ids = errorsIn(error).map((each) => this.#failures?.get(each));
    return [...new Set(ids.filter((id) => id !== undefined))].toSorted((a, b) => a - b);
  }

  /** The number of the next action. */
  get nextId(): number {
    let next = this.#nextId;
    for (let to = this.#gaps?.get(next); to !== undefined; to = this.#gaps?.get(next)) next = to;
    return next;
  }

  /** Numbers from `from` on are left out; the next one is `to`. */
  leaveGap(from: number, to: number): void {
    (this.#gaps ??= new Map()).set(from, to);
  }

  #fail(id: number, task: AtomicTask<unknown>, failure: FailureDetails): void {
    task.completeWithFailure(failure);
    const { outcome } = task;
    if (outcome && 'error' in outcome) (this.#failures ??= new WeakMap()).set(outcome.error as Error, id);
  }
}
