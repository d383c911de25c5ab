import type { Action, ExecutionStarted, HistoryEvent, InboundEvent } from '../core/history.js';
import type { Json } from '../core/values.js';
import { CorruptHistoryError, type FailureDetails } from '../errors.js';
import type { OrchestrationHead, RuntimeStatus, SegmentReference } from '../wire/head.js';
import type { StepEntry } from '../wire/record.js';
import type { Stamp } from './activation.js';
import type { Cut } from './heads.js';
import { TimerQueue } from './timer-queue.js';

/** An action that waits for an answer. */
export type OpenAction = Exclude<Action, { type: 'TimerCanceled' | 'EntityOperationSignaled' | 'EventSent' }>;

const noneHeld = { segments: [], events: 0 };

/** The state of an orchestration instance: a fold over its history, and what does not replay. */
export class OrchestrationState {
  started: ExecutionStarted | undefined;
  status: RuntimeStatus = 'Pending';
  updatedAt = 0;
  output: Json | undefined;
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
  /** Actions that wait for an answer, by id. */
  readonly open = new Map<number, OpenAction>();
  /** The timers among them, and some that are closed by now. */
  #timers = new TimerQueue<{ readonly at: number; readonly id: number }>();

  /** From a stored head; the earlier events, and those held back, are those of its segments, read before. */
  static from(
    head: OrchestrationHead,
    earlier: readonly HistoryEvent[],
    held: readonly InboundEvent[],
  ): OrchestrationState {
    const state = new OrchestrationState();
    for (const event of [...earlier, ...head.history]) state.#take(event);
    const { name, executionId, run, createdAt: at, input } = head;
    // The segments of an instance that has ended are not read: nothing of it replays.
    const began = { type: 'ExecutionStarted', at, name, executionId } as const;
    state.started ??= { ...began, ...(run !== undefined && { run }), ...(input !== undefined && { input }) };
    state.output = head.output;
    state.failure = head.failure;
    state.history = [...head.history];
    state.segments = head.segments;
    state.status = head.status;
    state.updatedAt = head.updatedAt;
    state.customStatus = head.customStatus;
    state.reason = head.reason;
    state.notify = [...(head.notify ?? [])];
    state.#holdBack([...held, ...(head.buffered ?? [])]);
    state.#held = { segments: head.held ?? [], events: held.length };
    return state;
  }

  get isEnded(): boolean {
    return this.status === 'Completed' || this.status === 'Failed' || this.status === 'Terminated';
  }

  /** When its earliest open timer is due. */
  get dueAt(): number | undefined {
    for (let next = this.#timers.peek(); next; next = this.#timers.peek()) {
      if (this.open.get(next.id)?.type === 'TimerCreated') return next.at;
      this.#timers.pop();
    }
    return undefined;
  }

  /** Up to so many open timers that are due, the earliest first, those of one time in the order of their creation. */
  takeDue(now: number, limit: number): readonly number[] {
    const due: { readonly at: number; readonly id: number }[] = [];
    for (let at = this.dueAt; at !== undefined && at <= now && due.length < limit; at = this.dueAt)
      due.push(this.#timers.pop()!);
    return due.sort((a, b) => a.at - b.at || a.id - b.id).map(({ id }) => id);
  }

  apply(entry: StepEntry): void {
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
    if (this.isEnded) this.notify = [];
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
    for (const event of events) if ('id' in event) this.open.delete(event.id);
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
    this.output = this.failure = this.customStatus = this.reason = undefined;
  }

  #take(event: HistoryEvent): void {
    if ('at' in event) this.updatedAt = Math.max(this.updatedAt, event.at);
    switch (event.type) {
      case 'ExecutionStarted':
        this.started = event;
        this.status = 'Running';
        return;
      case 'TaskScheduled':
      case 'SubOrchestrationInstanceCreated':
      case 'EntityOperationCalled':
        this.open.set(event.id, event);
        return;
      case 'TimerCreated':
        this.open.set(event.id, event);
        this.#timers.push({ at: event.fireAt, id: event.id });
        return;
      case 'TimerCanceled':
        this.open.delete(event.timerId);
        return;
      case 'ExecutionCompleted':
        this.#end('Completed');
        this.output = event.output;
        return;
      case 'ExecutionFailed':
        this.#end('Failed');
        this.failure = event.failure;
        return;
      case 'ContinuedAsNew':
        return this.#end('ContinuedAsNew');
      case 'EntityOperationSignaled':
      case 'EventSent':
      case 'EventRaised':
        return;
      case 'TaskCompleted':
      case 'TaskFailed':
      case 'SubOrchestrationInstanceCompleted':
      case 'SubOrchestrationInstanceFailed':
      case 'EntityOperationCompleted':
      case 'EntityOperationFailed':
      case 'TimerFired':
        this.open.delete(event.id);
    }
  }

  #end(status: RuntimeStatus): void {
    this.status = status;
    this.#closeAll();
    if (this.isEnded) this.#changeFront([]);
  }

  #closeAll(): void {
    this.open.clear();
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
    const { started, status, updatedAt, output, failure, customStatus, reason, segments } = this;
    if (!started) throw new CorruptHistoryError(`Orchestration ${instanceId} has not been started`);
    const history = [...this.history];
    const [notify, buffered, held] = [[...this.notify], this.buffered.slice(this.#held.events), this.#held.segments];
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
      ...(output !== undefined && { output }),
      ...(failure && { failure }),
      ...(customStatus !== undefined && { customStatus }),
      ...(reason !== undefined && { reason }),
      ...(notify.length > 0 && { notify }),
      ...(buffered.length > 0 && { buffered }),
      ...(held.length > 0 && { held }),
      segments,
      history,
    });
  }
}
