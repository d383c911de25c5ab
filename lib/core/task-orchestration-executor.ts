import { toFailureDetails } from './failure.js';
import { Conditions } from './condition-task.js';
import { CriticalSections } from './critical-sections.js';
import type { CoreDependencies } from './dependencies.js';
import { DurableOrchestrationContext } from './durable-orchestration-context.js';
import { newExecution, type Execution } from './execution.js';
import { ExternalEvents } from './external-events.js';
import { acceptedUpdate, runQuery, runUpdate } from './handlers.js';
import type { ExecutionStarted, HistoryEvent, InboundEvent, UpdateRequested } from './history.js';
import { disown, illegalOutput, illegalRun, illegalWait, illegalYield, isAsync, isGenerator } from './illegal-await.js';
import { noteInterruption } from './interruptions.js';
import { jsonEqual } from './json-equal.js';
import { labelsOf } from './labels.js';
import type { OrchestratorProgram } from './programs.js';
import { checkBehaviour } from './replay-behaviour.js';
import { checkAnswers, checkTurn, checkUpdate, hasBegun, isInbound, type Comparison } from './replay-check.js';
import { ReplaySafeLog, type Log } from './replay-safe-log.js';
import { TaskNode, type TaskParent } from './task-node.js';
import { TaskScheduler } from './task-scheduler.js';
import type { Completion, HandlerOutcome, Turn } from './turn.js';
import type { Json } from './values.js';
import { WaitingUpdates } from './waiting-updates.js';
import { CancelledError, type IllegalAwaitError } from '../errors.js';

/** Where an execution runs. */
export interface Surroundings extends Comparison {
  readonly instanceId: string;
  /** Takes the lines of `ctx.log`. Default: nobody. */
  readonly log?: Log | undefined;
}

/**
 * Runs one execution of an orchestration instance: inbound events in, new actions out. It keeps the user's generator
 * between turns, so a resident instance is never replayed, and a turn costs the same however long the history is.
 * An executor that has thrown must be dropped.
 *
 * R5. Nothing but the events decides what it does: the same history gives the same actions, in every process.
 * R6. User code runs only inside `replay`, `advance` and `query`, synchronously.
 * R7. A query changes nothing: what it asks for is refused, and what it reads does not count as seen.
 */
export class TaskOrchestrationExecutor implements TaskParent {
  readonly #program: OrchestratorProgram;
  readonly #dependencies: CoreDependencies;
  readonly #comparison: Comparison;
  readonly #execution: Execution;
  readonly #scheduler: TaskScheduler;
  readonly #events: ExternalEvents;
  readonly #sections: CriticalSections;
  readonly #conditions = new Conditions((code) => this.#look(code, this.#execution.behaviour < 1));
  readonly #context: DurableOrchestrationContext;
  /** Made with the first that waits: most code has none. */
  #updates: WaitingUpdates | undefined;
  /** The user's object; undefined before the start, and when its constructor threw. */
  #target: object | undefined;
  #generator: Generator<unknown, unknown, unknown> | undefined;
  /** The task that the generator yielded, and the same once it has ended. */
  #awaited: TaskNode<unknown> | undefined;
  #ready: TaskNode<unknown> | undefined;
  /** What was thrown into the generator in this turn. */
  #thrown: unknown;
  #completion: Completion | undefined;
  #replayedEvents = 0;

  constructor(program: OrchestratorProgram, dependencies: CoreDependencies, surroundings: Surroundings) {
    const { instanceId, log, trace } = surroundings;
    this.#program = program;
    this.#dependencies = dependencies;
    this.#comparison = surroundings;
    this.#execution = newExecution(instanceId);
    this.#scheduler = new TaskScheduler(dependencies.values, trace);
    this.#events = new ExternalEvents(dependencies.values);
    this.#sections = new CriticalSections(this.#scheduler, dependencies);
    const waits = { events: this.#events, conditions: this.#conditions, sections: this.#sections };
    const replaySafeLog = new ReplaySafeLog(this.#execution, log);
    this.#context = new DurableOrchestrationContext(
      this.#execution,
      this.#scheduler,
      waits,
      dependencies,
      replaySafeLog,
    );
  }

  /** How many events this executor has ever replayed; 0 for one that was resident from the start. */
  get replayedEvents(): number {
    return this.#replayedEvents;
  }

  /**
   * Rebuilds the state from a stored history, all of it: inbound events, each followed by the actions of its turn. Throws
   * NonDeterminismError, and VersionTooNewError when only a later build can replay it.
   */
  replay(history: readonly HistoryEvent[]): void {
    const [first] = history;
    if (first?.type === 'ExecutionStarted' && !hasBegun(first)) return;
    this.#execution.isReplaying = true;
    this.#execution.patches.read(history);
    const isAnswering = history.some(({ type }) => type === 'UpdateAnswered');
    let at = 0;
    for (let event = history[at]; event !== undefined; event = history[at]) {
      const turn: Turn = isInbound(event) ? this.#processEvent(event) : { actions: [] };
      if (event.type === 'UpdateRequested') checkUpdate(at, event, turn);
      if (isAnswering || turn.answers) checkAnswers(history, at, turn);
      at = checkTurn(history, isInbound(event) ? at + 1 : at, turn, this.#comparison);
    }
    this.#replayedEvents += history.length;
    this.#execution.isReplaying = false;
  }

  /** The number of the next action. */
  get nextId(): number {
    return this.#scheduler.nextId;
  }

  /** Leaves out numbers of actions: at `from`, the next one is `to`. */
  leaveGap(from: number, to: number): void {
    this.#scheduler.leaveGap(from, to);
  }

  /** A history is about to be repeated: the patches that it marks are known. */
  remember(history: readonly HistoryEvent[]): void {
    this.#execution.patches.read(history);
  }

  /** Processes an event of the past again, as far as the code can see. */
  repeat(event: InboundEvent): Turn {
    this.#execution.isReplaying = true;
    const turn = this.#processEvent(event);
    this.#execution.isReplaying = false;
    return turn;
  }

  /** Processes one new event. What it does not concern, such as a second answer to a task, gives an empty turn. */
  advance(event: InboundEvent): Turn {
    return this.#processEvent(event);
  }

  /** The update as it is to be recorded. Throws UnknownUpdateError and InvalidInputError; no code of its handler has run. */
  accept(update: UpdateRequested): UpdateRequested {
    return acceptedUpdate(this.#program, update);
  }

  /** Asks the object as it is now, also after the end. */
  query(name: string, input: Json | undefined): HandlerOutcome {
    return this.#look(() => runQuery(this.#program, this.#target, name, input, this.#dependencies.values));
  }

  /** The task that the generator waits for has ended; `#tryResumingUserCode` takes it from here. */
  childCompleted(task: TaskNode<unknown>): void {
    this.#ready = task;
  }

  /** That somebody suspends the instance and lets it go on is no turn: the clock stands still, and no condition is looked at. */
  #processEvent(event: InboundEvent): Turn {
    if (this.#completion !== undefined || isSuspension(event)) return { actions: [] };
    if (event.type === 'ExecutionStarted') checkBehaviour(event);
    const statusBefore = this.#execution.customStatus;
    this.#execution.now = Math.max(this.#execution.now, event.at);
    this.#scheduler.beginTurn();
    this.#thrown = undefined;
    const update = event.type === 'UpdateRequested' ? this.#update(event) : undefined;
    this.#guard(() => this.#deliver(event));
    this.#tryResumingUserCode();
    const turn = this.#endTurn(statusBefore, update);
    return this.#updates ? { ...turn, ...this.#updates.endTurn(event) } : turn;
  }

  #deliver(event: Exclude<InboundEvent, Suspension>): void {
    switch (event.type) {
      case 'ExecutionStarted':
        return this.#start(event);
      case 'EventRaised':
        return this.#events.deliver(event);
      case 'CancellationRequested':
        return this.#cancel(event.reason);
      case 'UpdateRequested':
        return; // it has run
      case 'TaskCompleted':
      case 'TaskFailed':
      case 'SubOrchestrationInstanceCompleted':
      case 'SubOrchestrationInstanceFailed':
      case 'EntityOperationCompleted':
      case 'EntityOperationFailed':
      case 'TimerFired':
        return this.#scheduler.settle(event);
      case 'LockGranted':
        return this.#sections.granted(event);
      case 'LockLost':
        return this.#sections.lost(event);
    }
  }

  #endTurn(statusBefore: Execution['customStatus'], update: HandlerOutcome | undefined): Turn {
    const { customStatus } = this.#execution;
    return {
      actions: this.#scheduler.endTurn(),
      ...(!jsonEqual(customStatus, statusBefore) && { customStatus }),
      ...(this.#completion && { completion: this.#completion }),
      ...(update && { update }),
    };
  }

  /** Undefined: its handler waits, or, before the start, there is nothing to update. */
  #update(event: UpdateRequested): HandlerOutcome | undefined {
    if (!this.#target) return undefined;
    const { values } = this.#dependencies;
    return runUpdate(this.#program, this.#target, event, this.#context, values, (generator) =>
      (this.#updates ??= new WaitingUpdates(values)).begin(event, generator),
    );
  }

  /** `sees`: what the code reads of a task made of others counts as seen, as it did when its execution began. */
  #look<T>(code: () => T, sees = false): T {
    return this.#scheduler.look(() => this.#events.look(code), sees);
  }

  #start(event: ExecutionStarted): void {
    if (this.#generator !== undefined) return;
    this.#execution.behaviour = event.behaviour ?? 0;
    this.#execution.executionId = event.rewound?.origin ?? event.executionId;
    for (const [from, to] of event.rewound?.gaps ?? []) this.#scheduler.leaveGap(from, to);
    this.#execution.parent = event.parent;
    this.#execution.input = event.input;
    this.#execution.labels = labelsOf(event);
    this.#guard(() => {
      this.#target = this.#program.create();
      const started = this.#program.run(this.#target, event.input, this.#context);
      if (!isGenerator(started)) return this.#finish(started, illegalRun);
      this.#generator = started;
      this.#take(started.next());
    });
  }

  /**
   * Throws CancelledError where the generator waits. Open activities have failed by then, and tasks between two attempts
   * have ended: nobody may wait for results that will not come.
   */
  #cancel(reason: string | undefined): void {
    if (this.#generator === undefined || this.#execution.isCanceled) return;
    const generator = this.#generator;
    const error = new CancelledError(this.#execution.instanceId, reason);
    this.#execution.isCanceled = true;
    this.#awaited?.detach(this);
    this.#awaited = undefined;
    const interruptUpdates = this.#updates?.interrupt(error);
    const { name, message, code } = error; // no stack: code may look at it, and it is not the same on every replay
    this.#scheduler.giveUpActivities({ name, message, code });
    this.#sections.giveUp({ name, message, code });
    if (this.#execution.behaviour >= 1) {
      this.#scheduler.endPauses();
      noteInterruption(error);
    }
    interruptUpdates?.();
    this.#guard(() => this.#take(generator.throw(error)));
  }

  /** What the code does may bring conditions about, and so on. */
  #tryResumingUserCode(): void {
    do {
      this.#updates?.resume();
      this.#resumeWhileReady();
    } while (this.#completion === undefined && (this.#updates?.areReady || this.#conditions.check()));
    this.#refuseEndlessWait();
  }

  /** An update may have cancelled the timer that the generator waits for. */
  #refuseEndlessWait(): void {
    if (this.#completion !== undefined || this.#execution.behaviour < 1 || !this.#scheduler.hasCanceledTimers) return;
    this.#updates?.refuseEndlessWaits();
    if (this.#awaited?.isDead) this.#fail(illegalWait());
  }

  /** A loop, not a recursion: any number of tasks may have ended already. */
  #resumeWhileReady(): void {
    for (let task = this.#ready; task !== undefined && this.#completion === undefined; task = this.#ready) {
      this.#ready = undefined;
      this.#awaited = undefined;
      const ended = task;
      ended.seen();
      ended.detach(this);
      this.#guard(() => this.#resume(ended));
    }
  }

  #resume({ outcome }: TaskNode<unknown>): void {
    if (this.#generator === undefined || outcome === undefined) return;
    if ('error' in outcome) this.#thrown = outcome.error;
    this.#take('error' in outcome ? this.#generator.throw(outcome.error) : this.#generator.next(outcome.value));
  }

  #take(step: IteratorResult<unknown, unknown>): void {
    if (step.done) return this.#finish(step.value, illegalYield);
    if (step.value instanceof TaskNode) return this.#await(step.value);
    disown(step.value);
    this.#fail(illegalYield(step.value));
  }

  #await(task: TaskNode<unknown>): void {
    if (task.isDead) return this.#fail(illegalWait());
    this.#awaited = task;
    this.#comparison.trace?.waitsFor(task);
    task.attach(this);
  }

  #finish(output: unknown, refuseAsync: (output: unknown) => IllegalAwaitError): void {
    if (isAsync(output)) {
      disown(output);
      return this.#fail(refuseAsync(output));
    }
    if (output instanceof TaskNode) return this.#fail(illegalOutput());
    const { continuation } = this.#execution;
    if (continuation !== undefined) {
      const { keepsEvents, ...next } = continuation;
      const carriedEvents = keepsEvents ? this.#events.remaining() : [];
      this.#completion = { type: 'ContinuedAsNew', ...next, carriedEvents };
      return;
    }
    const json = this.#dependencies.values.encode(output);
    this.#completion = { type: 'Completed', ...(json !== undefined && { output: json }) };
  }

  /** What user code throws, and an output that cannot be stored, fails the execution. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof CancelledError && this.#execution.isCanceled) {
      const { reason } = error;
      this.#completion = { type: 'Canceled', ...(reason !== undefined && { reason }) };
      return;
    }
    const named = this.#scheduler.failuresIn(error);
    const causedBy = named.length > 0 ? named : this.#scheduler.failuresIn(this.#thrown);
    const failure = toFailureDetails(error);
    this.#completion = { type: 'Failed', failure, ...(causedBy.length > 0 && { causedBy }) };
  }
}

/** What the code is not told: who runs while it comes is not told either, so a replay must not tell it. */
type Suspension = Extract<InboundEvent, { type: 'ExecutionSuspended' | 'ExecutionResumed' }>;

function isSuspension(event: InboundEvent): event is Suspension {
  return event.type === 'ExecutionSuspended' || event.type === 'ExecutionResumed';
}
