import type { HistoryEvent, InboundEvent } from '../../lib/core/history.js';
import { isClosing } from '../../lib/core/replay-check.js';
import type { Json } from '../../lib/core/values.js';
import type { Head } from '../../lib/wire/head.js';
import type { StepEntry } from '../../lib/wire/record.js';

/** What a fault of an instance's story is told to. */
export type Violation = (text: string) => void;

/** What is known of an instance at one record of the log. */
interface Mark {
  readonly sequence: number;
  readonly executionId: string;
  readonly events: number;
  readonly status: string;
}

/** Follows an orchestration instance through the records of its log; every rule of a history is checked. */
export class OrchestrationWatch {
  executionId = '';
  name = '';
  status = 'Pending';
  /** Of the execution that runs or has ended last. */
  history: HistoryEvent[] = [];
  /** Actions that wait for an answer, by id. */
  readonly open = new Map<number, HistoryEvent>();
  readonly #answered = new Set<number>();
  /** Every activity that was ever asked for, by execution and number. */
  readonly scheduled = new Set<string>();
  readonly marks: Mark[] = [];
  held: InboundEvent[] = [];
  #at = 0;

  constructor(
    readonly instanceId: string,
    readonly violation: Violation,
    /** An execution has ended: its whole history. */
    readonly ended: (watch: OrchestrationWatch) => void,
  ) {}

  get hasEnded(): boolean {
    return this.status === 'Completed' || this.status === 'Failed';
  }

  /** How many events are replayed when every step but the first of an execution needs a replay. */
  get replayable(): number {
    return this.marks.slice(1).reduce((sum, { executionId }, at) => {
      const before = this.marks[at]!;
      return before.executionId === executionId ? sum + before.events : sum;
    }, 0);
  }

  apply(entry: StepEntry, sequence: number, stored: number, skew: number): void {
    const from = this.history.length;
    if (entry.taken !== undefined) this.held = this.held.slice(entry.taken);
    if (entry.returned) this.held = [...entry.returned, ...this.held];
    if (entry.buffered) this.held.push(...entry.buffered);
    for (const event of entry.events ?? []) this.#take(event, stored, skew);
    if (entry.suspended !== undefined) this.#wrong(`was suspended: ${entry.suspended}`);
    if (entry.events || from !== this.history.length)
      this.marks.push({
        sequence,
        executionId: this.executionId,
        events: this.history.length,
        status: this.status,
      });
  }

  /** A stored head must be what the records up to its own say (C7). */
  checkHead(head: Extract<Head, { type: 'orchestration' }>): void {
    const mark = this.marks.findLast(({ sequence }) => sequence <= head.logSeq);
    if (!mark) return this.#wrong(`C7: has a head at record ${head.logSeq}, before its first`);
    const events = head.segments.reduce((sum, { first, last }) => sum + last - first + 1, 0) + head.history.length;
    const [seen, expected] = [
      `${head.executionId} ${head.status} ${events}`,
      `${mark.executionId} ${mark.status} ${mark.events}`,
    ];
    if (seen !== expected) this.#wrong(`C7: its head at record ${head.logSeq} shows ${seen}, the log says ${expected}`);
  }

  /** The last head of an instance that was never started: the events that wait for that. */
  checkEarlyHead({ events }: Extract<Head, { type: 'early' }>): void {
    const [seen, expected] = [JSON.stringify(events), JSON.stringify(this.held)];
    if (this.executionId !== '' || seen !== expected)
      this.#wrong(`C7: its head has ${seen} before its start, the log says ${expected}`);
  }

  #take(event: HistoryEvent, stored: number, skew: number): void {
    if (event.type === 'ExecutionStarted') this.#begin(event);
    else if (this.status !== 'Running') this.#wrong(`has ${event.type} while ${this.status}`);
    this.history.push(event);
    if ('at' in event) {
      if (event.at < this.#at) this.#wrong(`P19: ${event.type} at ${event.at}, after an event at ${this.#at}`);
      this.#at = event.at;
    }
    switch (event.type) {
      case 'ExecutionStarted':
      case 'EventRaised':
      case 'UpdateRequested':
      case 'EntityOperationSignaled':
      case 'EventSent':
      case 'OrchestrationStartSent':
      case 'Patched':
      case 'ExecutionSuspended':
      case 'ExecutionResumed':
        return;
      case 'CancellationRequested':
        for (const [id, { type }] of this.open) if (type === 'TaskScheduled') this.open.delete(id);
        return;
      case 'TaskScheduled':
        this.scheduled.add(`${this.executionId}/${event.id}`);
        return void this.open.set(event.id, event);
      case 'SubOrchestrationInstanceCreated':
      case 'EntityOperationCalled':
      case 'TimerCreated':
        return void this.open.set(event.id, event);
      case 'TimerCanceled':
        return void this.open.delete(event.timerId);
      case 'ExecutionCompleted':
        return this.#end('Completed');
      case 'ExecutionFailed':
        return this.#end('Failed');
      case 'ExecutionTerminated':
        return this.#end('Terminated');
      case 'ExecutionCanceled':
        return this.#end('Canceled');
      case 'ContinuedAsNew':
        return this.#end('ContinuedAsNew');
      case 'TimerFired':
        this.#fired(event, stored, skew);
        return this.#answer(event);
      case 'TaskCompleted':
      case 'TaskFailed':
      case 'SubOrchestrationInstanceCompleted':
      case 'SubOrchestrationInstanceFailed':
      case 'EntityOperationCompleted':
      case 'EntityOperationFailed':
        return this.#answer(event);
    }
  }

  /** How its execution ended, if it did. */
  get end(): HistoryEvent | undefined {
    return this.history.findLast(isClosing);
  }

  #begin({ executionId, name }: Extract<HistoryEvent, { type: 'ExecutionStarted' }>): void {
    if (this.status === 'Running') this.#wrong('began again while it ran');
    this.status = 'Running';
    this.executionId = executionId;
    this.name = name;
    this.history = [];
    this.open.clear();
    this.#answered.clear();
  }

  #end(status: string): void {
    this.status = status;
    // Only operations may answer an execution that has failed.
    for (const [id, { type }] of this.open)
      if (status !== 'Failed' || type !== 'EntityOperationCalled') this.open.delete(id);
    this.ended(this);
  }

  #fired({ id, at }: Extract<HistoryEvent, { type: 'TimerFired' }>, stored: number, skew: number): void {
    const timer = this.open.get(id);
    if (timer?.type !== 'TimerCreated') return;
    if (at < timer.fireAt) this.#wrong(`P19: timer ${id} fired at ${at}, due at ${timer.fireAt}`);
    if (stored < timer.fireAt - skew) this.#wrong(`P19: timer ${id} fired ${timer.fireAt - stored} ms early`);
  }

  #answer({ id, type }: Extract<InboundEvent, { id: number }>): void {
    if (this.#answered.has(id)) this.#wrong(`C4: action ${id} was answered twice, by ${type}`);
    if (!this.open.delete(id) && !this.#answered.has(id) && !this.#isCanceled(id))
      this.#wrong(`C4: ${type} answers action ${id}, which nothing asked for`);
    this.#answered.add(id);
  }

  /** A timer may be due in the same step in which it is canceled. */
  #isCanceled(id: number): boolean {
    return this.history.some((event) => event.type === 'TimerCanceled' && event.timerId === id);
  }

  #wrong(text: string): void {
    this.violation(`${this.instanceId} ${text}`);
  }
}

/** Follows an entity through the records of its log. */
export class EntityWatch {
  state: Json | undefined;
  readonly #states: { readonly sequence: number; readonly state: Json | undefined }[] = [];

  constructor(
    readonly address: string,
    readonly violation: Violation,
  ) {}

  apply(entry: StepEntry, sequence: number): void {
    if (entry.deleted) this.state = undefined;
    else if (entry.state !== undefined) this.state = entry.state;
    else return;
    this.#states.push({ sequence, state: this.state });
  }

  checkHead({ logSeq, state }: Extract<Head, { type: 'entity' }>): void {
    const expected = this.#states.findLast(({ sequence }) => sequence <= logSeq)?.state;
    if (JSON.stringify(state) !== JSON.stringify(expected))
      this.violation(
        `C7: the head of ${this.address} at record ${logSeq} is ${JSON.stringify(state)}, the log says ${JSON.stringify(expected)}`,
      );
  }
}
