import type { HistoryEvent, InboundEvent } from '../../lib/core/history.js';
import { isClosing } from '../../lib/core/replay-check.js';
import { patched, type StatePatch } from '../../lib/core/state-patches.js';
import type { Json } from '../../lib/core/values.js';
import { FIRST_VERSION } from '../../lib/core/state-migration.js';
import type { Head } from '../../lib/wire/head.js';
import type { StepEntry } from '../../lib/wire/record.js';
import type { Addressed } from '../../lib/wire/messages.js';
import { faultOf, unaskedChild, type LifeState } from './lifecycle-rules.js';
import { Life, type Taken } from './lifecycle-watch.js';
import type { Dated } from './jar-script.js';
import { LockWatch, type ForgottenFences } from './lock-watch.js';
import { agendaText, hasState, PlanWatch, type StoredAt } from './time-watch.js';
import { knownIn, TransactionWatch } from './transaction-watch.js';

type Started = Extract<HistoryEvent, { type: 'ExecutionStarted' }>;

const ends: ReadonlySet<string> = new Set(['Completed', 'Failed', 'Terminated', 'Canceled']);
/** What is for the instance, and not for the execution that happens to run. */
const outliving: ReadonlySet<string> = new Set([
  'EventRaised',
  'UpdateRequested',
  'CancellationRequested',
  'ExecutionStarted',
]);

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
export class OrchestrationWatch implements LifeState {
  /** What it has been through, run by run. */
  readonly life = new Life();
  /** The first event of the execution that runs, ended last, or is to begin later. */
  started: Started | undefined;
  isPending = false;
  isSuspended = false;
  isSuspendedByParent = false;
  #isCanceled = false;
  #retention: number | undefined;
  name = '';
  status = 'Pending';
  /** Of the execution that runs or has ended last. */
  history: HistoryEvent[] = [];
  /** Actions that wait for an answer, by id. */
  readonly open = new Map<number, HistoryEvent>();
  readonly #answered = new Set<number>();
  /** The children that former executions of the run have left running, by the action that started each. */
  readonly #left = new Map<string, string>();
  /** Every activity that was ever asked for, by execution and number: the record that asks for it, and when that was stored. */
  readonly scheduled = new Map<string, { readonly sequence: number; readonly stored: number }>();
  /** Those whose place is, or came to be, a work queue. */
  readonly queued = new Set<string>();
  readonly marks: Mark[] = [];
  /** The transactions that it has committed: execution and number of the request, and how many entities took part. */
  readonly committed = new Map<string, number>();
  held: readonly InboundEvent[] = [];
  #at = 0;

  constructor(
    readonly instanceId: string,
    readonly violation: Violation,
    /** An execution has ended: its whole history. */
    readonly ended: (watch: OrchestrationWatch) => void,
  ) {}

  /** Empty: there is no such instance. */
  get executionId(): string {
    return this.started?.executionId ?? '';
  }

  get hasEnded(): boolean {
    return ends.has(this.status);
  }

  /** Whether nothing more is to happen with it by itself. */
  get isAtRest(): boolean {
    return !this.started || (this.hasEnded && this.#retention === undefined);
  }

  get isRewindable(): boolean {
    const end = this.end;
    return this.status === 'Failed' && end?.type === 'ExecutionFailed' && (end.causedBy?.length ?? 0) > 0;
  }

  get isCanceled(): boolean {
    return this.#isCanceled || this.held.some(({ type }) => type === 'CancellationRequested');
  }

  get purgeAt(): number | undefined {
    return this.#retention === undefined ? undefined : this.#at + this.#retention;
  }

  /** How many events are replayed when every step but the first of an execution needs a replay. */
  get replayable(): number {
    return this.marks.slice(1).reduce((sum, { executionId }, at) => {
      const before = this.marks[at]!;
      return before.executionId === executionId ? sum + before.events : sum;
    }, 0);
  }

  /** What the record of a step sends, that of other steps among it, has to reach its children too. */
  checkSent(taken: Taken | undefined, entry: StepEntry, sent: readonly Addressed[]): void {
    const unasked = unaskedChild(this, this.children, taken?.message, entry, sent);
    if (unasked !== undefined) this.#wrong(unasked);
  }

  /** The children that have not told their end to it, those that former executions have left among them. */
  get children(): readonly string[] {
    return [...this.#left.values(), ...this.#openChildren().map(([, child]) => child)];
  }

  #openChildren(): readonly (readonly [link: string, child: string])[] {
    const told = new Set(this.held.map((event) => ('id' in event ? event.id : undefined)));
    const execution = this.started?.rewound?.origin ?? this.executionId;
    return [...this.open.values()].flatMap((event) =>
      event.type === 'SubOrchestrationInstanceCreated' && !told.has(event.id)
        ? [[`${execution}/${event.id}`, event.instanceId] as const]
        : [],
    );
  }

  apply(entry: StepEntry, sequence: number, stored: number, skew: number, taken?: Taken): void {
    const fault = faultOf(this, taken?.message, entry, stored + skew);
    if (fault !== undefined) this.#wrong(fault);
    const { message } = taken ?? {};
    if (message?.kind === 'result' && message.of === 'subOrchestration')
      this.#left.delete(`${message.executionId}/${message.taskId}`);
    if (entry.taken !== undefined) this.held = this.held.slice(entry.taken);
    for (const event of entry.events ?? []) {
      this.#take(event, stored, skew);
      if (event.type === 'TaskScheduled') this.#asks(event.id, { sequence, stored });
    }
    for (const id of entry.queued?.[1] ?? []) this.queued.add(`${entry.queued![0]}/${id}`);
    if (entry.scheduled) this.#schedule(entry.scheduled);
    if (entry.retention !== undefined) this.#retention = entry.retention;
    if (entry.returned) this.held = [...entry.returned, ...this.held];
    if (entry.suspension !== undefined) {
      this.isSuspended = entry.suspension !== null;
      this.isSuspendedByParent = entry.suspension?.byParent === true;
    }
    if (entry.buffered) this.held = [...this.held, ...entry.buffered];
    if (entry.suspended !== undefined) this.#wrong(`was suspended: ${entry.suspended}`);
    if (entry.purged) this.#purge();
    this.life.apply(entry, taken);
    if (entry.events || entry.scheduled || entry.suspension !== undefined || entry.purged)
      this.marks.push({
        sequence,
        executionId: this.executionId,
        events: this.history.length,
        status: this.isSuspended ? 'Suspended' : this.status,
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
    else if (this.status !== 'Running' && !isBehindEnd(this.status, event))
      this.#wrong(`has ${event.type} while ${this.status}`);
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
      case 'UpdateAnswered':
      case 'ExecutionSuspended':
      case 'ExecutionResumed':
        return;
      case 'CancellationRequested':
        this.#isCanceled = true;
        for (const [id, { type }] of this.open) if (type === 'TaskScheduled') this.open.delete(id);
        return;
      case 'TaskScheduled':
      case 'SubOrchestrationInstanceCreated':
      case 'EntityOperationCalled':
      case 'TimerCreated':
      case 'LockRequested':
        return void this.open.set(event.id, event);
      case 'TimerCanceled':
        return void this.open.delete(event.timerId);
      case 'LockReleased':
        if (event.commit) this.committed.set(`${this.executionId}/${event.lockId}`, event.entities.length);
        return void this.open.delete(event.lockId);
      case 'LockLost': // also behind the grant
        return this.open.has(event.id) ? this.#answer(event) : undefined;
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
      case 'LockGranted':
        return this.#answer(event);
    }
  }

  #asks(id: number, record: { readonly sequence: number; readonly stored: number }): void {
    const task = `${this.executionId}/${id}`;
    if (!this.scheduled.has(task)) this.scheduled.set(task, record);
  }

  /** How its execution ended, if it did. */
  get end(): HistoryEvent | undefined {
    return this.history.findLast(isClosing);
  }

  #begin(started: Started): void {
    if (this.status === 'Running') this.#wrong('began again while it ran');
    if (started.rewound && started.executionId === this.executionId)
      this.#wrong('was rewound, and its execution is still the one that failed');
    this.#renew(started);
    this.status = 'Running';
    if (started.run === undefined) this.#retention = undefined;
    if (started.rewound) this.#at = 0; // its history is that of the execution which failed
  }

  /** The execution begins later: until then it is held back. */
  #schedule(started: Started): void {
    this.#renew(started);
    this.status = 'Pending';
    this.isPending = true;
    this.held = [started, ...this.held];
  }

  #renew(started: Started | undefined): void {
    if (started?.run === undefined) this.#left.clear();
    this.started = started;
    this.name = started?.name ?? this.name;
    this.history = [];
    this.isPending = this.isSuspended = this.isSuspendedByParent = this.#isCanceled = false;
    this.open.clear();
    this.#answered.clear();
  }

  #end(status: string): void {
    if (status === 'ContinuedAsNew') for (const [link, child] of this.#openChildren()) this.#left.set(link, child);
    this.status = status;
    // Only operations may answer an execution that has failed.
    for (const [id, { type }] of this.open)
      if (status !== 'Failed' || type !== 'EntityOperationCalled') this.open.delete(id);
    if (status === 'ContinuedAsNew') this.held = this.held.filter(({ type }) => outliving.has(type));
    else {
      this.held = [];
      this.isSuspended = false;
    }
    this.ended(this);
  }

  #purge(): void {
    this.#renew(undefined);
    this.status = 'Pending';
    this.held = [];
    this.#retention = undefined;
  }

  #fired({ id, at }: Extract<HistoryEvent, { type: 'TimerFired' }>, stored: number, skew: number): void {
    const timer = this.open.get(id);
    if (timer?.type !== 'TimerCreated') return;
    if (at < timer.fireAt) this.#wrong(`P19: timer ${id} fired at ${at}, due at ${timer.fireAt}`);
    if (stored < timer.fireAt - skew) this.#wrong(`P19: timer ${id} fired ${timer.fireAt - stored} ms early`);
  }

  #answer({ id, type }: Extract<InboundEvent, { id: number }>): void {
    if (this.#answered.has(id)) this.#wrong(`C4: action ${id} was answered twice, by ${type}`);
    if (!this.open.delete(id) && !this.#answered.has(id) && !this.#isCanceledTimer(id))
      this.#wrong(`C4: ${type} answers action ${id}, which nothing asked for`);
    this.#answered.add(id);
  }

  /** A timer may be due, and a lock granted, in the same step in which it is canceled. */
  #isCanceledTimer(id: number): boolean {
    return this.history.some(
      (event) =>
        (event.type === 'TimerCanceled' && event.timerId === id) ||
        (event.type === 'LockReleased' && event.lockId === id),
    );
  }

  #wrong(text: string): void {
    this.violation(`${this.instanceId} ${text}`);
  }
}

/**
 * What may come behind the end of an execution. One that has failed goes on noting how its operations ended: a rewind has to
 * know. One that continued as new may be ended from outside before the next begins.
 */
function isBehindEnd(status: string, { type }: HistoryEvent): boolean {
  if (status === 'Failed') return type === 'EntityOperationCompleted' || type === 'EntityOperationFailed';
  return status === 'ContinuedAsNew' && (type === 'ExecutionTerminated' || type === 'ExecutionCanceled');
}

/** What is known of an entity at one record of the log. */
interface EntityMark {
  readonly sequence: number;
  readonly state: Json | undefined;
  readonly locks: LockWatch['locks'];
  readonly planned: PlanWatch['waiting'];
  readonly prepared: TransactionWatch['known'];
}

/** Operations that always fail. */
const failing: ReadonlySet<string> = new Set(['refuse', 'spill']);

/** Follows an entity through the records of its log. */
export class EntityWatch {
  state: Json | undefined;
  readonly locks: LockWatch;
  readonly transactions: TransactionWatch;
  readonly plans: PlanWatch;
  readonly states: EntityMark[] = [];
  /** What it was each time that it ended. */
  readonly former: Json[] = [];
  /** The inputs of messages that were refused. */
  readonly refused = new Set<Json | undefined>();

  constructor(
    readonly address: string,
    readonly violation: Violation,
    forgotten: ForgottenFences,
  ) {
    const told: Violation = (text) => violation(`${address}: ${text}`);
    this.locks = new LockWatch(told, forgotten);
    this.transactions = new TransactionWatch(told);
    this.plans = new PlanWatch(told);
  }

  /** Whether nothing of it may be stored. */
  get isGone(): boolean {
    return isNothing(this.states.at(-1));
  }

  apply(entry: StepEntry, sequence: number, stored: StoredAt, taken?: Taken): void {
    if (entry.refused !== undefined && taken) this.refuse(taken);
    const before = this.state;
    const committed = this.transactions.apply(entry, this.locks.locks?.held);
    if (committed) this.state = committed.state;
    else if (entry.deleted) this.state = undefined;
    else if (entry.patches) this.state = this.#patched(entry.patches, sequence);
    else if (entry.state !== undefined) this.state = entry.state;
    else if (!entry.lock && !entry.prepared && !entry.planned && !entry.unplanned && !entry.purged) return;
    this.#checkEras(entry, before);
    if (taken?.message.kind === 'operation' && failing.has(taken.message.name) && (hasState(entry) || entry.prepared))
      this.violation(`S2: ${this.address} was changed by ${taken.message.name}, which fails`);
    if (before !== undefined && this.state === undefined) this.former.push(before);
    this.locks.apply(entry, this.state, hasState(entry));
    this.plans.apply(entry, before, this.state, this.states.length, stored);
    const { known: prepared } = this.transactions;
    this.states.push({
      sequence,
      state: this.state,
      locks: this.locks.locks,
      planned: this.plans.waiting,
      prepared,
    });
  }

  /** Nobody carries a message out. */
  refuse({ message }: Taken): void {
    if (message.kind === 'operation') this.refused.add(message.input);
  }

  #patched(patches: readonly StatePatch[], sequence: number): Json | undefined {
    if (this.state !== undefined) return patched(this.state, patches);
    this.violation(`C7: record ${sequence} changes the state of ${this.address}, which is not there`);
    return undefined;
  }

  /** A state that has a version is stored under it, and none goes back to a former one. */
  #checkEras({ state, stateVersion, prepared }: StepEntry, before: Json | undefined): void {
    this.#checkEra(state, stateVersion);
    this.#checkEra(prepared?.state, prepared?.stateVersion);
    const [former, present] = [eraOf(before), eraOf(this.state)];
    if (former !== undefined && present !== undefined && present < former)
      this.violation(`S4: ${this.address} was of version ${former}, and is of ${present}`);
  }

  #checkEra(state: Json | undefined, stateVersion = FIRST_VERSION): void {
    const era = eraOf(state);
    if (era !== undefined && era !== stateVersion)
      this.violation(`S4: ${this.address} has a state of version ${era}, stored as one of version ${stateVersion}`);
  }

  checkHead({ logSeq, state, stateVersion, locks, planned, prepared }: Extract<Head, { type: 'entity' }>): void {
    const mark = this.#markAt(logSeq);
    this.#checkEra(state, stateVersion);
    this.#checkEra(prepared?.state, prepared?.stateVersion);
    this.#compare(logSeq, 'locks', JSON.stringify(locks), JSON.stringify(mark?.locks));
    this.#compare(logSeq, 'the state', JSON.stringify(state), JSON.stringify(mark?.state));
    this.#compare(logSeq, 'planned', agendaText(planned), agendaText(mark?.planned));
    this.#compare(logSeq, 'prepared', JSON.stringify(knownIn(prepared)), JSON.stringify(mark?.prepared));
  }

  checkTombstone({ logSeq }: Extract<Head, { type: 'tombstone' }>): void {
    if (!isNothing(this.#markAt(logSeq)))
      this.violation(
        `C7: ${this.address} has a tombstone at record ${logSeq}, and the log says that there is something`,
      );
  }

  #markAt(sequence: number): EntityMark | undefined {
    return this.states.findLast((mark) => mark.sequence <= sequence);
  }

  #compare(sequence: number, what: string, shown: string | undefined, known: string | undefined): void {
    if (shown !== known)
      this.violation(
        `C7: the head of ${this.address} at record ${sequence} has ${what} ${shown}, the log says ${known}`,
      );
  }
}

/** The version of a state, where its class has versions. */
function eraOf(state: Json | undefined): number | undefined {
  return (state as Partial<Dated> | undefined)?.era;
}

function isNothing(mark: EntityMark | undefined): boolean {
  return !mark || (mark.state === undefined && !mark.locks && mark.planned.length === 0);
}
