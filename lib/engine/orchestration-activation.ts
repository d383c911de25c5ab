import { toFailureDetails } from '../core/failure.js';
import type { HistoryEvent, InboundEvent } from '../core/history.js';
import type { ValueReference } from '../core/values.js';
import { HistoryTooLongError, InstanceExistsError, type PerdureError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { Address, EventMessage, ResultMessage, StartMessage, UpdateMessage } from '../wire/messages.js';
import type { StepEntry } from '../wire/record.js';
import { referencesIn } from '../wire/value-references.js';
import type {
  Activation,
  ActivityPlace,
  Captured,
  CodeName,
  InputBody,
  PendingActivity,
  StepOutput,
} from './activation.js';
import type { FoundChild } from './children-search.js';
import { dropEarly, EARLY_EVENTS_KEPT, keptForStart } from './early-events.js';
import type { FetchedValues } from './fetched-values.js';
import type { Cut } from './heads.js';
import { adviceAtLength, lengthsWith, MOST_EVENTS } from './history-limit.js';
import type { Host } from './host.js';
import { dueEvent, givenBack, requeued, restarted, unwantedAtEnd, unwantedOf } from './orchestration-activities.js';
import { captured, valuesFor } from './orchestration-captures.js';
import { codeOf, currentExecution } from './orchestration-code.js';
import { control, ended, formerChildrenOf, needsHistory, type OrchestrationInstance } from './orchestration-control.js';
import { lateAnswer, mayBeLate } from './late-answers.js';
import { answeredId, firstHeld, isMeantRun, refusal, resultEvent, unasked } from './orchestration-inputs.js';
import { OrchestrationRunner, type OrchestrationPorts } from './orchestration-runner.js';
import { failedStart, start } from './orchestration-start.js';
import { OrchestrationState } from './orchestration-state.js';
import { OrchestrationTurn } from './orchestration-turn.js';
import { answeredAtEnd, refusedUpdate, updateEvent } from './orchestration-updates.js';
import { answered, declined } from './outcomes.js';
import { queried } from './queried.js';
import { refusalOf } from './refusals.js';
import { endOfLeft } from './started-children.js';
import type { StoredParts } from './stored-parts.js';
import { isHeldBack, unawaited } from './transaction-asks.js';

/** Timers that may fire in one step. */
const MOST_TIMERS = 1_000;
/** An instance that is to be purged within so many milliseconds of its end is told so; others are found by a sweep. */
const LONGEST_REMINDER = 3_600_000;

/** An orchestration instance loaded in memory: an actor whose state is its history. */
export class OrchestrationActivation implements Activation, OrchestrationInstance {
  readonly instanceId: string;
  readonly address: Address;
  readonly state: OrchestrationState;
  readonly runner: OrchestrationRunner;
  readonly #ports: OrchestrationPorts;
  readonly #earlyEventsKept: number;
  readonly #stored: StoredParts;
  #watchers: Set<string> | undefined;
  /** The instance's time in the step under way. */
  #at = 0;
  formerChildren: readonly FoundChild[] = [];

  constructor(
    instanceId: string,
    host: Host,
    ports: OrchestrationPorts,
    stored: StoredParts,
    state = new OrchestrationState(),
    earlier: readonly HistoryEvent[] = [],
  ) {
    this.instanceId = instanceId;
    this.address = orchestrationAddress(instanceId);
    this.state = state;
    this.runner = new OrchestrationRunner(instanceId, host, ports, state, earlier);
    this.#ports = ports;
    this.#earlyEventsKept = host.earlyEventsKept ?? EARLY_EVENTS_KEPT;
    this.#stored = stored;
  }

  /** Somebody wants to be told the end; forgotten with the activation. */
  watch(inbox: string): void {
    (this.#watchers ??= new Set()).add(inbox);
  }

  /** Those who want to be told the end. */
  get watchers(): ReadonlySet<string> {
    return this.#watchers ?? nobody;
  }

  /** How many events were ever replayed; 0 for an instance that was resident from its start. */
  get replayedEvents(): number {
    return this.runner.replayedEvents;
  }

  mustWait(): boolean {
    return false;
  }

  foreignCode(input: InputBody, now: number): CodeName | undefined {
    if (this.runner.hasCode && input.kind !== 'start') return undefined;
    const code = codeOf(this.state, input, now, this);
    if (!code || this.runner.knows(code)) return undefined;
    return { kind: 'orchestrator', name: code.name, version: code.version };
  }

  ranElsewhere(now: number): void {
    this.runner.drop(); // code that is here was that of a run which another one may have replaced
    this.#at = Math.max(this.state.updatedAt, now);
  }

  prepare(input: InputBody): Promise<void> | undefined {
    const isNeeded = needsHistory(input) || mayBeLate(this.state, input);
    if (!isNeeded || !this.state.isEnded) return undefined;
    const find = (): Promise<void> | undefined => {
      this.formerChildren = [];
      return formerChildrenOf(this, input, this.#stored)?.then((found) => void (this.formerChildren = found));
    };
    return this.runner.isWhole ? find() : this.runner.recall(this.#stored).then(find);
  }

  missing(input: InputBody): readonly ValueReference[] {
    return valuesFor(input, this);
  }

  step(input: InputBody, now: number, fetched: FetchedValues): StepOutput {
    this.#at = Math.max(this.state.updatedAt, now);
    this.runner.begin(fetched);
    const output = this.#step(input, now);
    this.runner.end();
    const tooLong = this.#lengthChecked(output);
    return tooLong ? this.replace(input, tooLong) : answeredAtEnd(output, this.state.buffered, this.instanceId);
  }

  /** Warns of a history that becomes long; why the step cannot be taken when one becomes too long. */
  #lengthChecked({ entry }: StepOutput): HistoryTooLongError | undefined {
    if (entry.suspension !== undefined) return undefined; // whoever operates the hub can stop it at any length
    const { longest, warned } = lengthsWith(this.state, entry.events ?? []);
    if (longest > MOST_EVENTS) return new HistoryTooLongError(this.instanceId, longest, MOST_EVENTS);
    if (warned) this.#warn(adviceAtLength);
    return undefined;
  }

  #step(input: InputBody, now: number): StepOutput {
    switch (input.kind) {
      case 'start':
        return start(this, input, this.#at);
      case 'control':
        return control(this, input, this.#at);
      case 'event':
        return this.#raise(input);
      case 'update':
        return this.#update(input);
      case 'query':
        return queried(input, this);
      case 'result':
        return this.#result(input);
      case 'due':
        return this.#fire(now);
      case 'resume':
        return this.#goOn(now);
      case 'restart':
        return restarted(this.state, input, this.#at, (events) => this.take(events));
      case 'requeue':
        return requeued(this.state, input);
      case 'giveBack':
        return givenBack(this.state, input);
      case 'operation':
      case 'refuseCall':
      case 'read':
      case 'lockRequest':
      case 'lockCancel':
      case 'lockRelease':
      case 'expireLock':
      case 'breakLock':
        return refusal('An orchestration instance takes no operations, and cannot be locked');
    }
  }

  /** The execution fails: its code has gone on, and what it asked for cannot be recorded. */
  replace(input: InputBody, error: PerdureError): StepOutput {
    if (input.kind === 'start') return failedStart(this, input, error, this.#at);
    if (input.kind === 'control' && !this.state.started) return declined(input, error);
    this.runner.drop();
    if (this.state.isEnded) return input.kind === 'control' ? declined(input, error) : refusal(error.message);
    const failure = toFailureDetails(error);
    const failed = ended(this, { type: 'ExecutionFailed', at: this.#at, failure }, (turn) => {
      if (input.kind === 'update') turn.answer(updateEvent(input, 0), { failure });
      const taskId = input.kind === 'result' ? answeredId(this.state, input) : undefined;
      if (input.kind === 'result' && taskId !== undefined) turn.leave([resultEvent(input, taskId, this.#at)]);
      turn.leave(this.state.buffered);
    });
    const output = answeredAtEnd(failed, this.state.buffered, this.instanceId);
    return input.kind === 'control' ? answered(output, input, {}) : output;
  }

  newId(): string {
    return this.#ports.random.id();
  }

  refuseStart(message: StartMessage): StepOutput {
    const { name, reply, parent } = message;
    if (reply === undefined && !parent)
      this.#ports.logger.warn('A start that nobody waits for was refused: the instance exists and has not ended', {
        instance: this.address,
        orchestrator: name,
      });
    return refusalOf(message, new InstanceExistsError(this.instanceId));
  }

  firstTurn(notify?: string): OrchestrationTurn {
    const { address, state } = this;
    return new OrchestrationTurn({
      address,
      notify: this.#told(notify === undefined ? [] : [notify]),
      at: state.updatedAt,
    });
  }

  nextTurn(): OrchestrationTurn {
    const { address, state } = this;
    const { updatedAt: at, started, open, lock, hasChildren, left, updates } = state;
    const notify = this.#told(state.notify);
    return new OrchestrationTurn({ address, notify, at, started, open, lock, hasChildren, left, updates });
  }

  #told(notify: readonly string[]): readonly string[] {
    return this.#watchers ? [...new Set([...notify, ...this.#watchers])] : notify;
  }

  #raise({ name, input, inputRef, runId }: EventMessage): StepOutput {
    const { started, isEnded } = this.state;
    if (runId !== undefined && !(started && isMeantRun(started, { runId })))
      return refusal('Another run of the instance is meant');
    if (isEnded) return refusal('The instance has ended');
    const fault = inputRef && this.runner.fetched.faultOf(inputRef);
    if (fault) return refusal(fault.message);
    const data = inputRef ? { inputRef } : input === undefined ? {} : { input };
    const event = { type: 'EventRaised', at: this.#at, name, ...data } as const;
    if (started) return this.take([event]);
    const output = keptForStart(this.state, event);
    if (output.entry.refused !== undefined) this.#warn(`${output.entry.refused}: event "${name}" is dropped`);
    return output;
  }

  #warn(message: string): void {
    this.#ports.logger.warn(message, { instance: this.address, instanceId: this.instanceId });
  }

  /** Nobody has started it for so long that events for it are not kept any more. */
  #dropEarly(now: number): StepOutput {
    const { output, dropped } = dropEarly(this.state, now, this.#earlyEventsKept);
    const names = new Set(dropped.map((event) => (event.type === 'EventRaised' ? `"${event.name}"` : event.type)));
    if (dropped.length > 0)
      this.#warn(
        `Nobody has started this instance: ${dropped.length} events that waited for that are dropped (${[...names].join(', ')})`,
      );
    return output;
  }

  #update(message: UpdateMessage): StepOutput {
    return refusedUpdate(message, this.state, this.instanceId) ?? this.take([updateEvent(message, this.#at)]);
  }

  #result(message: ResultMessage): StepOutput {
    const { resultRef } = message;
    const fault = resultRef && this.runner.fetched.faultOf(resultRef);
    const result = fault ? { ...message, failure: toFailureDetails(fault) } : message;
    if (this.state.isEnded) return message.from ? unawaited(message, this.address) : lateAnswer(this, result, this.#at);
    // An activity that a cancellation ends is not waited for any more, also while the cancellation is held back.
    const isOver = message.of === 'activity' && this.state.buffered.some(isCancellation);
    const taskId = isOver ? undefined : answeredId(this.state, message);
    if (taskId === undefined) return endOfLeft(this.state, message) ?? unawaited(message, this.address);
    if (isHeldBack(this.state, message, taskId)) return refusal(unasked);
    return this.take([resultEvent(result, taskId, this.#at)]);
  }

  #fire(now: number): StepOutput {
    const { state } = this;
    if (!state.started) return this.#dropEarly(now);
    if (this.dueAt === undefined && !this.#isSpent(now)) return refusal('No timer is due');
    if (state.isEnded) return this.#isSpent(now) ? { entry: { purged: true }, messages: [] } : refusal('It is kept');
    if (this.dueAt! > now) return refusal('No timer is due');
    if (state.isScheduled) return this.#goOn(now);
    const due = state.takeDue(now, MOST_TIMERS).map((id) => dueEvent(state, id, this.#at));
    const output = this.take(due);
    const unwanted = unwantedOf(state, due, output.unwanted);
    return unwanted === output.unwanted ? output : { ...output, unwanted };
  }

  /** Whether it has ended so long ago that it is not kept any more. */
  #isSpent(now: number): boolean {
    const { purgeAt } = this.state;
    return purgeAt !== undefined && purgeAt <= now;
  }

  take(events: readonly InboundEvent[]): StepOutput {
    if (this.state.suspension || this.state.isScheduled) return { entry: { buffered: events }, messages: [] };
    if (!this.runner.hasCode && !this.#knowsCode) return { entry: { buffered: events }, messages: [], goesOn: true };
    const fault = this.runner.fault();
    if (this.holdsBack) return { entry: { buffered: events }, messages: [], goesOn: fault === undefined || undefined };
    if (fault !== undefined) return { entry: { suspended: fault, buffered: events }, messages: [] };
    return this.#advance(events, {});
  }

  /** What the owner itself has to tell of activities may be for code that only another worker has. */
  get #knowsCode(): boolean {
    const execution = currentExecution(this.state);
    return execution === undefined || this.runner.knows(execution);
  }

  /** Goes on with the first events that are held back: as many as one step may take. */
  #goOn(now: number): StepOutput {
    const { state, runner } = this;
    if (!this.holdsBack) return refusal('The instance holds nothing back');
    if (state.suspension) return refusal('Somebody has suspended the instance');
    const events = firstHeld(state.buffered);
    const valueFault = runner.fetched.faultAmong(events.flatMap(referencesIn))?.message;
    if (state.isScheduled)
      return state.dueAt! <= now ? this.#begin(events, valueFault) : refusal('It is to begin later');
    const fault = runner.fault() ?? valueFault;
    if (fault === undefined) return this.#advance(events, { taken: events.length });
    if (state.fault !== undefined) return refusal(fault);
    return { entry: { suspended: fault }, messages: [] };
  }

  /** The time of a start has come. */
  #begin([first, ...rest]: readonly InboundEvent[], fault: string | undefined): StepOutput {
    const { runner, state } = this;
    if (fault !== undefined || first?.type !== 'ExecutionStarted')
      return state.fault === undefined ? { entry: { suspended: fault ?? '' }, messages: [] } : refusal(fault ?? '');
    const started = { ...runner.begun(first), at: this.#at };
    return this.#advance([started, ...rest], { taken: rest.length + 1, ...runner.retentionOf(started) });
  }

  #advance(
    events: readonly InboundEvent[],
    more: { readonly taken?: number; readonly retention?: number },
  ): StepOutput {
    const turn = this.nextTurn();
    const returned = this.runner.run(turn, events);
    const { taken = 0 } = more;
    turn.leave(this.state.buffered.slice(taken));
    const isLast = taken === this.state.buffered.length;
    const output = turn.output(this.instanceId, more, returned);
    const unwanted = turn.givesUpActivities ? unwantedAtEnd(this.state, events) : undefined;
    if (!unwanted && isLast) return output;
    return { ...output, ...(unwanted && { unwanted }), ...(!isLast && { goesOn: true }) };
  }

  apply(entry: StepEntry): void {
    if (entry.purged || entry.scheduled || entry.events?.some(({ type }) => type === 'ExecutionStarted'))
      this.runner.beginHistory();
    this.state.apply(entry);
    if (!this.hasEnded) return;
    this.runner.drop();
    this.#watchers = undefined;
  }

  takeDropped(): readonly string[] {
    return this.state.takeDropped();
  }

  holds(key: string): boolean {
    return this.state.holds(key);
  }

  /** Events of a capture are stored as segments: those of the history need not stay in memory. */
  cut(cut: Cut): void {
    const wasWhole = this.runner.isWhole;
    this.runner.cut(this.state.cut(cut), wasWhole);
  }

  capture(): Captured | undefined {
    return captured(this);
  }

  pendingActivities(place: ActivityPlace): readonly PendingActivity[] {
    return this.state.pendingActivities(place);
  }

  /** While its code does not fit it is told nothing: its timers are due when it goes on. */
  get dueAt(): number | undefined {
    const { state } = this;
    if (state.isEnded) return (state.retention ?? Infinity) <= LONGEST_REMINDER ? state.purgeAt : undefined;
    return state.fault === undefined ? state.dueAt : undefined;
  }

  get hasEnded(): boolean {
    return this.state.isEnded || this.state.isPurged;
  }

  get holdsBack(): boolean {
    const { status, started, buffered } = this.state;
    return status === 'Suspended' || (started !== undefined && buffered.length > 0);
  }
}

const nobody: ReadonlySet<string> = new Set();

function isCancellation({ type }: InboundEvent): boolean {
  return type === 'CancellationRequested';
}
