import type { ExecutionStarted, HistoryEvent, InboundEvent, NumberedAction, StartedChild } from '../core/history.js';
import type { Json, ValueReference } from '../core/values.js';
import type { FailureDetails } from '../errors.js';
import type { OrchestrationHead, RuntimeStatus, SegmentReference, Suspension } from '../wire/head.js';
import { idsIn } from '../wire/id-ranges.js';
import type { StepEntry } from '../wire/record.js';
import type { ActivityPlace, PendingActivity } from './activation.js';
import { ActivityRuns } from './activity-runs.js';
import type { Cut } from './heads.js';
import { HeldBack, outlivesExecution } from './held-back.js';
import { lockAfter, type HeldLock } from './held-lock.js';
import { keysIn, NamedValues } from './named-values.js';
import { OpenUpdates } from './open-updates.js';
import { startedOf } from './orchestration-head.js';
import { childrenIn, hasChildrenAfter, leftWithout } from './started-children.js';
import { TimerQueue } from './timer-queue.js';

/** An action that waits for an answer. */
export type OpenAction = Exclude<
  NumberedAction,
  { type: 'TimerCanceled' | 'LockReleased' | 'EntityOperationSignaled' | 'EventSent' | 'OrchestrationStartSent' }
>;

const ends: ReadonlySet<RuntimeStatus> = new Set(['Completed', 'Failed', 'Terminated', 'Canceled']);

/** Whether nothing follows by itself. */
export function isEnd(status: RuntimeStatus): boolean {
  return ends.has(status);
}

/** The state of an orchestration instance: a fold over its history, and what does not replay. */
export class OrchestrationState {
  started: ExecutionStarted | undefined;
  /** Where it is in its life, whether it is suspended or not. */
  #phase: RuntimeStatus = 'Pending';
  updatedAt = 0;
  output: Json | undefined;
  outputRef: ValueReference | undefined;
  failure: FailureDetails | undefined;
  customStatus: Json | undefined;
  /** Why its code cannot go on: it does something else than the history says. */
  fault: string | undefined;
  /** That somebody suspended it. */
  suspension: Suspension | undefined;
  /** Why it was terminated or canceled. */
  #reason: string | undefined;
  /** How long it is kept once it has ended, in milliseconds; undefined: for ever. */
  retention: number | undefined;
  /** There was an instance, of which nothing is left. */
  isPurged = false;
  notify: string[] = [];
  segments: readonly SegmentReference[] = [];
  /** The events behind the segments. */
  history: HistoryEvent[] = [];
  #held = new HeldBack();
  /** Whether the code was told to clean up and end. */
  #isCanceled = false;
  readonly #values = new NamedValues();
  /** Actions that wait for an answer, by id. */
  readonly open = new Map<number, OpenAction>();
  /** The timers and the activities with a deadline among them, and some that are closed by now. */
  #timers = new TimerQueue<{ readonly at: number; readonly id: number }>();
  /** The critical section that it is in. */
  lock: HeldLock | undefined;
  readonly runs = new ActivityRuns();
  /** Whether the run has started sub-orchestrations. */
  hasChildren = false;
  /** Those that earlier executions have left running, as far as it was told. */
  left: readonly StartedChild[] = [];
  readonly updates = new OpenUpdates();

  /** From a stored head; the earlier events, and those held back, are those of its segments, read before. */
  static from(
    head: OrchestrationHead,
    earlier: readonly HistoryEvent[],
    held: readonly InboundEvent[],
  ): OrchestrationState {
    const state = new OrchestrationState();
    for (const event of [...earlier, ...head.history]) state.#take(event);
    state.#held = HeldBack.from(head.held ?? [], held, head.buffered ?? []);
    for (const event of state.buffered) if ('id' in event) state.#close(event.id);
    state.started ??= state.#next ?? startedOf(head);
    state.output = head.output;
    state.outputRef = head.outputRef;
    state.failure = head.failure;
    state.history = [...head.history];
    state.left = head.left ?? [];
    state.segments = head.segments;
    state.#restoreStatus(head);
    if (state.isEnded) state.#values.record(head.values ?? []);
    state.updatedAt = head.updatedAt;
    state.customStatus = head.customStatus;
    state.retention = head.retention;
    state.notify = [...(head.notify ?? [])];
    state.runs.take(idsIn(head.queued ?? []), head.begun ?? [], state.open);
    return state;
  }

  #restoreStatus({ status, reason, suspension }: OrchestrationHead): void {
    if (status !== 'Suspended') this.#phase = status; // else it is as its events say
    this.suspension = suspension;
    if (this.isEnded) this.#reason = reason;
    else if (status === 'Suspended' && !suspension) this.fault = reason ?? '';
    else this.fault = reason;
  }

  get status(): RuntimeStatus {
    return !this.isEnded && (this.suspension || this.fault !== undefined) ? 'Suspended' : this.#phase;
  }

  /** Why it is what it is: suspended for a fault, terminated, or canceled. */
  get reason(): string | undefined {
    return this.fault ?? this.#reason;
  }

  /** Whether an execution has begun and goes on: what happens to it belongs into its history. */
  get isRunning(): boolean {
    return this.#phase === 'Running';
  }

  get isEnded(): boolean {
    return isEnd(this.#phase);
  }

  /** Whether its first execution is to begin, at its `startAt`. */
  get isScheduled(): boolean {
    return this.#phase === 'Pending' && this.started !== undefined;
  }

  /** Whether its code was told to clean up and end, or is to be told. */
  get isCanceled(): boolean {
    return this.#isCanceled || this.buffered.some(({ type }) => type === 'CancellationRequested');
  }

  /** Events taken and held back, in order. */
  get buffered(): readonly InboundEvent[] {
    return this.#held.events;
  }

  get held(): HeldBack {
    return this.#held;
  }

  /** The execution that is held back. */
  get #next(): ExecutionStarted | undefined {
    const [next] = this.buffered;
    return next?.type === 'ExecutionStarted' ? next : undefined;
  }

  /** The children that have not ended, as far as it was told. */
  get children(): readonly StartedChild[] {
    return [...this.left, ...childrenIn(this.open.values(), this.started!)];
  }

  /** When it is to be purged; undefined: never, or it has not ended. */
  get purgeAt(): number | undefined {
    return this.isEnded && this.retention !== undefined ? this.updatedAt + this.retention : undefined;
  }

  /** The activities of a place that it waits for, each as it was begun last. */
  pendingActivities(place: ActivityPlace): readonly PendingActivity[] {
    const pending: PendingActivity[] = [];
    for (const request of this.open.values()) {
      if (request.type !== 'TaskScheduled' || this.runs.queued.has(request.id) !== (place === 'queued')) continue;
      const { attempt, lost, givenBack } = this.runs.of(request.id);
      pending.push({ executionId: this.started!.executionId, request, attempt, lost, givenBack });
    }
    return pending;
  }

  /** Whether it waits for activities that its owner does itself. */
  get hasLocalActivities(): boolean {
    for (const { type, id } of this.open.values())
      if (type === 'TaskScheduled' && !this.runs.queued.has(id)) return true;
    return false;
  }

  /** When it is to begin, its earliest open timer is due, or an activity has to have ended. */
  get dueAt(): number | undefined {
    if (this.isScheduled) return this.started!.startAt;
    for (let next = this.#timers.peek(); next; next = this.#timers.peek()) {
      if (this.open.has(next.id)) return next.at;
      this.#timers.pop();
    }
    return undefined;
  }

  /** Up to so many open timers and activities that are due, the earliest first, those of one time in the order of their creation. */
  takeDue(now: number, limit: number): readonly number[] {
    const due: { readonly at: number; readonly id: number }[] = [];
    for (let at = this.dueAt; at !== undefined && at <= now && due.length < limit; at = this.dueAt)
      due.push(this.#timers.pop()!);
    for (const timer of due) this.#timers.push(timer); // they are open until the step that fires them is applied
    return due.sort((a, b) => a.at - b.at || a.id - b.id).map(({ id }) => id);
  }

  apply(entry: StepEntry): void {
    const held = keysIn(this.buffered);
    this.#apply(entry);
    this.#values.settle(held, this.buffered);
  }

  #apply(entry: StepEntry): void {
    if (entry.purged) return this.#purge();
    if (entry.taken !== undefined) this.#goOn(entry.taken);
    for (const event of entry.events ?? []) {
      if (event.type === 'ExecutionStarted') this.#begin();
      this.#take(event);
      this.history.push(event);
    }
    if (entry.childEnded) this.left = leftWithout(this.left, entry.childEnded);
    if (entry.scheduled) this.#schedule(entry.scheduled);
    if (entry.customStatus !== undefined) this.customStatus = entry.customStatus ?? undefined;
    if (entry.retention !== undefined) this.retention = entry.retention;
    if (entry.notify !== undefined) this.notify.push(entry.notify);
    if (entry.returned) this.#held.replace([...entry.returned, ...this.buffered]);
    if (entry.suspension !== undefined) this.suspension = entry.suspension ?? undefined;
    if (entry.suspended !== undefined) this.fault = entry.suspended;
    if (entry.buffered) this.#append(entry.buffered);
    if (entry.queued || entry.begun) this.runs.take(entry.queued?.[1] ?? [], entry.begun ?? [], this.open);
    if (this.isEnded) this.notify = [];
  }

  /** Whether it names the value of this key. */
  holds(key: string): boolean {
    return this.#values.has(key) || keysIn(this.buffered).includes(key);
  }

  /** The keys of all values that it names. */
  get values(): readonly string[] {
    return this.#values.all(keysIn(this.buffered));
  }

  /** The keys that were dropped since the last call. */
  takeDropped(): readonly string[] {
    return this.#values.takeDropped();
  }

  #goOn(taken: number): void {
    this.#held.replace(this.buffered.slice(taken));
    this.fault = undefined;
  }

  /** What is held back has come: nothing waits for it a second time. */
  #append(events: readonly InboundEvent[]): void {
    this.#held.append(events);
    for (const event of events) if ('id' in event) this.#close(event.id);
  }

  /** The execution begins later: until then it is held back. */
  #schedule(started: ExecutionStarted): void {
    this.#begin();
    this.started = started;
    this.#phase = 'Pending';
    this.updatedAt = Math.max(this.updatedAt, started.at);
    this.#held.replace([started, ...this.buffered]); // events that came before it
  }

  /** A new execution starts from nothing; who waits for the instance goes on waiting. */
  #begin(): void {
    this.history = [];
    this.segments = [];
    this.#closeAll();
    this.#values.begin();
    this.output = this.outputRef = this.failure = this.customStatus = undefined;
    this.fault = this.suspension = this.#reason = undefined;
    this.left = [];
    this.isPurged = false;
    this.#isCanceled = false;
  }

  #purge(): void {
    this.#begin();
    this.#held.replace([]);
    this.started = this.retention = undefined;
    this.#phase = 'Pending';
    this.notify = [];
    this.isPurged = true;
  }

  #take(event: HistoryEvent): void {
    this.#values.recordIn(event);
    if ('at' in event) this.updatedAt = Math.max(this.updatedAt, event.at);
    this.lock = lockAfter(this.lock, event);
    this.hasChildren = hasChildrenAfter(this.hasChildren, event);
    this.updates.take(event);
    switch (event.type) {
      case 'ExecutionStarted':
        this.started = event;
        this.left = event.left ?? [];
        this.#phase = 'Running';
        if (event.run === undefined) this.retention = undefined;
        this.updatedAt = Math.max(this.updatedAt, event.rewound?.at ?? 0);
        return;
      case 'TaskScheduled':
        this.open.set(event.id, event);
        if (event.deadline !== undefined) this.#timers.push({ at: event.deadline, id: event.id });
        return;
      case 'SubOrchestrationInstanceCreated':
      case 'EntityOperationCalled':
      case 'LockRequested':
        this.open.set(event.id, event);
        return;
      case 'TimerCreated':
        this.open.set(event.id, event);
        this.#timers.push({ at: event.fireAt, id: event.id });
        return;
      case 'TimerCanceled':
        return this.#close(event.timerId);
      case 'LockReleased':
        return this.#close(event.lockId);
      case 'ExecutionCompleted':
      case 'ExecutionFailed':
      case 'ExecutionTerminated':
      case 'ExecutionCanceled':
      case 'ContinuedAsNew':
        return this.#takeEnd(event);
      case 'CancellationRequested':
        this.#isCanceled = true;
        for (const { type, id } of this.open.values()) if (type === 'TaskScheduled') this.#close(id);
        return;
      case 'EntityOperationSignaled':
      case 'EventSent':
      case 'OrchestrationStartSent':
      case 'EventRaised':
      case 'UpdateRequested':
      case 'Patched':
      case 'UpdateAnswered':
      case 'ExecutionSuspended':
      case 'ExecutionResumed':
        return;
      case 'TaskCompleted':
      case 'TaskFailed':
      case 'SubOrchestrationInstanceCompleted':
      case 'SubOrchestrationInstanceFailed':
      case 'EntityOperationCompleted':
      case 'EntityOperationFailed':
      case 'TimerFired':
      case 'LockGranted':
      case 'LockLost':
        this.#close(event.id);
    }
  }

  #takeEnd(event: Extract<HistoryEvent, { type: keyof typeof endOf }>): void {
    this.#phase = endOf[event.type];
    if (event.type === 'ContinuedAsNew') this.left = this.children;
    this.#closeAll();
    if (event.type === 'ContinuedAsNew') {
      // Answers to what the execution had asked for are of no interest to the next one.
      const kept = this.buffered.filter(({ type }) => outlivesExecution(type));
      if (kept.length < this.buffered.length) this.#held.replace(kept);
      return;
    }
    this.#held.replace([]);
    this.notify = [];
    this.suspension = this.fault = undefined;
    if (event.type === 'ExecutionFailed') this.failure = event.failure;
    if ('output' in event) this.output = event.output;
    if ('outputRef' in event) this.outputRef = event.outputRef;
    if ('reason' in event) this.#reason = event.reason;
  }

  #close(id: number): void {
    this.open.delete(id);
    this.runs.close(id);
  }

  #closeAll(): void {
    if (this.open.size > 0) this.open.clear(); // else it would make a new table for nothing
    this.updates.clear();
    this.runs.clear();
    if (this.#timers.length > 0) this.#timers = new TimerQueue();
  }

  /** The whole history of an instance that has ended: what its head does not say of its beginning is there. */
  recall(history: readonly HistoryEvent[]): void {
    const [first] = history;
    if (first?.type === 'ExecutionStarted') this.started = first;
  }

  /** The first events of a capture are stored as segments: those of the history need not stay in memory. Returns them. */
  cut({ executionId, history, held }: Cut): readonly HistoryEvent[] {
    if (this.started?.executionId !== executionId) return []; // another execution has begun meanwhile
    if (held) this.#held.store(held.events, held.references);
    if (!history) return [];
    this.segments = history.references;
    return this.history.splice(0, history.events.length);
  }
}

/** What an instance is after the event that ends an execution. */
export const endOf = {
  ExecutionCompleted: 'Completed',
  ExecutionFailed: 'Failed',
  ExecutionTerminated: 'Terminated',
  ExecutionCanceled: 'Canceled',
  ContinuedAsNew: 'ContinuedAsNew',
} as const;
