import type { ExecutionStarted, HistoryEvent, InboundEvent, NumberedAction } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import type { Json, ValueReference } from '../core/values.js';
import { CorruptHistoryError, type FailureDetails } from '../errors.js';
import type { OrchestrationHead, RuntimeStatus, SegmentReference } from '../wire/head.js';
import { idsIn, rangesOf } from '../wire/id-ranges.js';
import type { ActivityRun } from '../wire/activity-run.js';
import type { StepEntry } from '../wire/record.js';
import { referencesIn } from '../wire/value-references.js';
import type { ActivityPlace, PendingActivity, Stamp } from './activation.js';
import type { Cut } from './heads.js';
import { TimerQueue } from './timer-queue.js';

/** An action that waits for an answer. */
export type OpenAction = Exclude<
  NumberedAction,
  { type: 'TimerCanceled' | 'EntityOperationSignaled' | 'EventSent' | 'OrchestrationStartSent' }
>;

const noneHeld = { segments: [], events: 0 };

/** The state of an orchestration instance: a fold over its history, and what does not replay. */
export class OrchestrationState {
  started: ExecutionStarted | undefined;
  status: RuntimeStatus = 'Pending';
  updatedAt = 0;
  output: Json | undefined;
  outputRef: ValueReference | undefined;
  failure: FailureDetails | undefined;
  customStatus: Json | undefined;
  reason: string | undefined;
  notify: string[] = [];
  segments: readonly SegmentReference[] = [];
  /** The events behind the segments. */
  history: HistoryEvent[] = [];
  /** Events taken and held back, in order: while suspended, and what was too much for one step. */
  buffered: readonly InboundEvent[] = [];
  /** The segments that hold the first ones of them, and how many. */
  #held: { readonly segments: readonly SegmentReference[]; readonly events: number } = noneHeld;
  /** The keys of the values that the history of this execution names (P15). */
  readonly #values = new Set<string>();
  /** Those that neither it nor what is held back names any more, until a head says so. */
  #dropped: string[] = [];
  /** Actions that wait for an answer, by id. */
  readonly open = new Map<number, OpenAction>();
  /** The timers and the activities with a deadline among them, and some that are closed by now. */
  #timers = new TimerQueue<{ readonly at: number; readonly id: number }>();
  /** The activities among them whose place is a work queue, and how often others were begun, where it was not once. */
  readonly #queued = new Set<number>();
  readonly #runs = new Map<number, ActivityRun>();

  /** From a stored head; the earlier events, and those held back, are those of its segments, read before. */
  static from(
    head: OrchestrationHead,
    earlier: readonly HistoryEvent[],
    held: readonly InboundEvent[],
  ): OrchestrationState {
    const state = new OrchestrationState();
    for (const event of [...earlier, ...head.history]) state.#take(event);
    const { name, executionId, run, createdAt: at, input, inputRef } = head;
    // The segments of an instance that has ended are not read: nothing of it replays.
    const began = { type: 'ExecutionStarted', at, name, executionId } as const;
    state.started ??= {
      ...began,
      ...(run !== undefined && { run }),
      ...(input !== undefined && { input }),
      ...(inputRef && { inputRef }),
      ...labelsOf(head),
    };
    state.output = head.output;
    state.outputRef = head.outputRef;
    state.failure = head.failure;
    state.history = [...head.history];
    state.segments = head.segments;
    state.status = head.status;
    if (state.isEnded) for (const key of head.values ?? []) state.#values.add(key);
    state.updatedAt = head.updatedAt;
    state.customStatus = head.customStatus;
    state.reason = head.reason;
    state.notify = [...(head.notify ?? [])];
    state.#holdBack([...held, ...(head.buffered ?? [])]);
    state.#held = { segments: head.held ?? [], events: held.length };
    state.#takeRuns(idsIn(head.queued ?? []), head.begun ?? []);
    return state;
  }

  get isEnded(): boolean {
    return this.status === 'Completed' || this.status === 'Failed' || this.status === 'Terminated';
  }

  /** The activities of a place that it waits for, each as it was begun last. */
  pendingActivities(place: ActivityPlace): readonly PendingActivity[] {
    const pending: PendingActivity[] = [];
    for (const request of this.open.values()) {
      if (request.type !== 'TaskScheduled' || this.#queued.has(request.id) !== (place === 'queued')) continue;
      const { attempt, lost, givenBack } = this.runOf(request.id);
      pending.push({ executionId: this.started!.executionId, request, attempt, lost, givenBack });
    }
    return pending;
  }

  /** Whether it waits for activities that its owner does itself. */
  get hasLocalActivities(): boolean {
    for (const { type, id } of this.open.values()) if (type === 'TaskScheduled' && !this.#queued.has(id)) return true;
    return false;
  }

  /** How often an activity was begun by owners. */
  runOf(id: number): ActivityRun {
    return this.#runs.get(id) ?? { id, attempt: 1, lost: 0 };
  }

  /** When its earliest open timer is due, or the deadline of an activity. */
  get dueAt(): number | undefined {
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
    this.#dropped.push(...held);
    if (this.#dropped.length > 0) this.#keepNamed();
  }

  #apply(entry: StepEntry): void {
    for (const event of entry.events ?? []) {
      if (event.type === 'ExecutionStarted') this.#begin();
      this.#take(event);
      this.history.push(event);
    }
    if (entry.customStatus !== undefined) this.customStatus = entry.customStatus ?? undefined;
    if (entry.notify !== undefined) this.notify.push(entry.notify);
    if (entry.taken !== undefined) this.#goOn(entry.taken);
    if (entry.returned) this.#changeFront([...entry.returned, ...this.buffered]);
    if (entry.suspended !== undefined) this.#suspend(entry.suspended);
    if (entry.buffered) this.#holdBack(entry.buffered);
    if (entry.queued || entry.begun) this.#takeRuns(entry.queued?.[1] ?? [], entry.begun ?? []);
    if (this.isEnded) this.notify = [];
  }

  #takeRuns(queued: Iterable<number>, begun: readonly ActivityRun[]): void {
    for (const id of queued) if (this.open.has(id)) this.#queued.add(id);
    for (const run of begun) if (this.open.has(run.id)) this.#runs.set(run.id, run);
  }

  #keepNamed(): void {
    const held = new Set(keysIn(this.buffered));
    this.#dropped = this.#dropped.filter((key) => !this.#values.has(key) && !held.has(key));
  }

  /** Whether it names the value of this key. */
  holds(key: string): boolean {
    return this.#values.has(key) || keysIn(this.buffered).includes(key);
  }

  /** The keys that were dropped since the last call. */
  takeDropped(): readonly string[] {
    const dropped = this.#dropped;
    if (dropped.length === 0) return none; // not the list itself: it goes on growing
    this.#dropped = [];
    return dropped;
  }

  #goOn(taken: number): void {
    this.#changeFront(this.buffered.slice(taken));
    this.reason = undefined;
    if (this.status === 'Suspended') this.status = 'Running';
  }

  /** Stored parts of what is held back do not begin where it begins now. */
  #changeFront(buffered: readonly InboundEvent[]): void {
    this.buffered = buffered;
    this.#held = noneHeld;
  }

  /** What is held back has come: nothing waits for it a second time. */
  #holdBack(events: readonly InboundEvent[]): void {
    this.buffered = [...this.buffered, ...events];
    for (const event of events) if ('id' in event) this.#close(event.id);
  }

  #suspend(reason: string): void {
    this.reason = reason;
    this.status = 'Suspended';
  }

  /** A new execution starts from nothing; who waits for the instance goes on waiting. */
  #begin(): void {
    this.history = [];
    this.segments = [];
    this.#closeAll();
    this.#dropped.push(...this.#values);
    this.#values.clear();
    this.output = this.outputRef = this.failure = this.customStatus = this.reason = undefined;
  }

  #take(event: HistoryEvent): void {
    for (const { key } of referencesIn(event)) this.#values.add(key);
    if ('at' in event) this.updatedAt = Math.max(this.updatedAt, event.at);
    switch (event.type) {
      case 'ExecutionStarted':
        this.started = event;
        this.status = 'Running';
        return;
      case 'TaskScheduled':
        this.open.set(event.id, event);
        if (event.deadline !== undefined) this.#timers.push({ at: event.deadline, id: event.id });
        return;
      case 'SubOrchestrationInstanceCreated':
      case 'EntityOperationCalled':
        this.open.set(event.id, event);
        return;
      case 'TimerCreated':
        this.open.set(event.id, event);
        this.#timers.push({ at: event.fireAt, id: event.id });
        return;
      case 'TimerCanceled':
        this.#close(event.timerId);
        return;
      case 'ExecutionCompleted':
        this.#end('Completed');
        this.output = event.output;
        this.outputRef = event.outputRef;
        return;
      case 'ExecutionFailed':
        this.#end('Failed');
        this.failure = event.failure;
        return;
      case 'ContinuedAsNew':
        return this.#end('ContinuedAsNew');
      case 'EntityOperationSignaled':
      case 'EventSent':
      case 'OrchestrationStartSent':
      case 'EventRaised':
      case 'UpdateRequested':
      case 'Patched':
        return;
      case 'TaskCompleted':
      case 'TaskFailed':
      case 'SubOrchestrationInstanceCompleted':
      case 'SubOrchestrationInstanceFailed':
      case 'EntityOperationCompleted':
      case 'EntityOperationFailed':
      case 'TimerFired':
        this.#close(event.id);
    }
  }

  #close(id: number): void {
    this.open.delete(id);
    this.#queued.delete(id);
    this.#runs.delete(id);
  }

  #end(status: RuntimeStatus): void {
    this.status = status;
    this.#closeAll();
    if (this.isEnded) this.#changeFront([]);
  }

  #closeAll(): void {
    this.open.clear();
    this.#queued.clear();
    this.#runs.clear();
    this.#timers = new TimerQueue();
  }

  /** The first events of a capture are stored as segments: those of the history need not stay in memory. Returns them. */
  cut({ executionId, history, held }: Cut): readonly HistoryEvent[] {
    if (this.started?.executionId !== executionId) return []; // another execution has begun meanwhile
    const stored = this.#held.events;
    // Unless what was held back has gone on meanwhile, or something was put in front of it.
    if (held && this.buffered[stored] === held.events[0])
      this.#held = { segments: held.references, events: stored + held.events.length };
    if (!history) return [];
    this.segments = history.references;
    return this.history.splice(0, history.events.length);
  }

  /** The head of this state; `history` is copied, for it grows. */
  head(instanceId: string): (stamp: Stamp) => OrchestrationHead {
    const { started, status, updatedAt, output, outputRef, failure, customStatus, reason, segments } = this;
    if (!started) throw new CorruptHistoryError(`Orchestration ${instanceId} has not been started`);
    const history = [...this.history];
    const [queued, begun] = [rangesOf(this.#queued), [...this.#runs.values()]];
    const [notify, buffered, held] = [[...this.notify], this.buffered.slice(this.#held.events), this.#held.segments];
    const values = [...new Set([...this.#values, ...keysIn(this.buffered)])];
    return (stamp) => ({
      v: 1,
      type: 'orchestration',
      ...stamp,
      instanceId,
      name: started.name,
      executionId: started.executionId,
      ...(started.run !== undefined && { run: started.run }),
      status,
      createdAt: started.at,
      updatedAt,
      ...(started.input !== undefined && { input: started.input }),
      ...(started.inputRef && { inputRef: started.inputRef }),
      ...labelsOf(started),
      ...(output !== undefined && { output }),
      ...(outputRef && { outputRef }),
      ...(failure && { failure }),
      ...(customStatus !== undefined && { customStatus }),
      ...(reason !== undefined && { reason }),
      ...(notify.length > 0 && { notify }),
      ...(buffered.length > 0 && { buffered }),
      ...(held.length > 0 && { held }),
      ...(queued.length > 0 && { queued }),
      ...(begun.length > 0 && { begun }),
      ...(values.length > 0 && { values }),
      segments,
      history,
    });
  }
}

function keysIn(events: readonly object[]): readonly string[] {
  return events.length === 0 ? none : events.flatMap((event) => referencesIn(event).map(({ key }) => key));
}

const none: readonly string[] = [];
