import { toFailureDetails } from './failure.js';
import type { CoreDependencies } from './dependencies.js';
import { DurableOrchestrationContext } from './durable-orchestration-context.js';
import { newExecution, type Execution } from './execution.js';
import { ExternalEvents } from './external-events.js';
import type { ExecutionStarted, HistoryEvent, InboundEvent } from './history.js';
import { disown, illegalOutput, illegalRun, illegalYield, isAsync } from './illegal-await.js';
import { jsonEqual } from './json-equal.js';
import type { OrchestratorProgram } from './programs.js';
import { checkTurn, isInbound } from './replay-check.js';
import { TaskNode, type TaskParent } from './task-node.js';
import { TaskScheduler } from './task-scheduler.js';
import type { Completion, Turn } from './turn.js';
import { CancelledError, IllegalAwaitError } from '../errors.js';

/**
 * Runs one execution of an orchestration instance: inbound events in, new actions out. It keeps the user's generator
 * between turns, so a resident instance is never replayed, and a turn costs the same however long the history is.
 * An executor that has thrown must be dropped.
 *
 * R5. Nothing but the events decides what it does: the same history gives the same actions, in every process.
 * R6. User code runs only inside `replay` and `advance`, synchronously.
 */
export class TaskOrchestrationExecutor implements TaskParent {
  readonly #program: OrchestratorProgram;
  readonly #dependencies: CoreDependencies;
  readonly #execution: Execution;
  readonly #scheduler: TaskScheduler;
  readonly #events: ExternalEvents;
  readonly #context: DurableOrchestrationContext;
  #generator: Generator<unknown, unknown, unknown> | undefined;
  /** The task that the generator yielded, and the same once it has ended. */
  #awaited: TaskNode<unknown> | undefined;
  #ready: TaskNode<unknown> | undefined;
  /** What was thrown into the generator in this turn. */
  #thrown: unknown;
  #completion: Completion | undefined;
  #replayedEvents = 0;

  constructor(program: OrchestratorProgram, dependencies: CoreDependencies, identity: { readonly instanceId: string }) {
    this.#program = program;
    this.#dependencies = dependencies;
    this.#execution = newExecution(identity.instanceId);
    this.#scheduler = new TaskScheduler(dependencies.values);
    this.#events = new ExternalEvents(dependencies.values);
    this.#context = new DurableOrchestrationContext(this.#execution, this.#scheduler, this.#events, dependencies);
  }

  /** How many events this executor has ever replayed; 0 for one that was resident from the start. */
  get replayedEvents(): number {
    return this.#replayedEvents;
  }

  /**
   * Rebuilds the state from a stored history: inbound events, each followed by the actions of its turn. May be called
   * several times with consecutive parts of it, cut between turns. Throws NonDeterminismError, which numbers events from
   * 0 in the part given.
   */
  replay(history: readonly HistoryEvent[]): void {
    this.#execution.isReplaying = true;
    let at = 0;
    for (let event = history[at]; event !== undefined; event = history[at]) {
      const turn = isInbound(event) ? this.#processEvent(event) : { actions: [] };
      at = checkTurn(history, isInbound(event) ? at + 1 : at, turn);
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

  /** The task that the generator waits for has ended; `#tryResumingUserCode` takes it from here. */
  childCompleted(task: TaskNode<unknown>): void {
    this.#ready = task;
  }

  #processEvent(event: InboundEvent): Turn {
    if (this.#completion !== undefined) return { actions: [] };
    const statusBefore = this.#execution.customStatus;
    this.#execution.now = Math.max(this.#execution.now, event.at);
    this.#scheduler.beginTurn();
    this.#thrown = undefined;
    this.#guard(() => this.#deliver(event));
    this.#tryResumingUserCode();
    return this.#endTurn(statusBefore);
  }

  #deliver(event: InboundEvent): void {
    switch (event.type) {
      case 'ExecutionStarted':
        return this.#start(event);
      case 'EventRaised':
        return this.#events.deliver(event);
      case 'CancellationRequested':
        return this.#cancel(event.reason);
      case 'ExecutionSuspended':
      case 'ExecutionResumed':
        return; // the engine's concern
      case 'TaskCompleted':
      case 'TaskFailed':
      case 'SubOrchestrationInstanceCompleted':
      case 'SubOrchestrationInstanceFailed':
      case 'EntityOperationCompleted':
      case 'EntityOperationFailed':
      case 'TimerFired':
        return this.#scheduler.settle(event);
    }
  }

  #endTurn(statusBefore: Execution['customStatus']): Turn {
    const { customStatus } = this.#execution;
    return {
      actions: this.#scheduler.endTurn(),
      ...(!jsonEqual(customStatus, statusBefore) && { customStatus }),
      ...(this.#completion && { completion: this.#completion }),
    };
  }

  #start(event: ExecutionStarted): void {
    if (this.#generator !== undefined) return;
    this.#execution.executionId = event.rewound?.origin ?? event.executionId;
    for (const [from, to] of event.rewound?.gaps ?? []) this.#scheduler.leaveGap(from, to);
    this.#execution.parent = event.parent;
    this.#guard(() => {
      const started = this.#program.run(event.input, this.#context);
      if (!isGenerator(started)) return this.#finish(started, illegalRun);
      this.#generator = started;
      this.#take(started.next());
    });
  }

  /**
   * Throws CancelledError where the generator waits. Open activities have failed by then: nobody may wait for results that
   * will not come.
   */
  #cancel(reason: string | undefined): void {
    if (this.#generator === undefined || this.#execution.isCanceled) return;
    const generator = this.#generator;
    const error = new CancelledError(this.#execution.instanceId, reason);
    this.#execution.isCanceled = true;
    this.#awaited?.detach(this);
    this.#awaited = undefined;
    const { name, message, code } = error; // no stack: code may look at it, and it is not the same on every replay
    this.#scheduler.giveUpActivities({ name, message, code });
    this.#guard(() => this.#take(generator.throw(error)));
  }

  /** A loop, not a recursion: any number of tasks may have ended already. */
  #tryResumingUserCode(): void {
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
    if (task.isDead)
      this.#fail(
        new IllegalAwaitError('The orchestrator waited for a timer that it had cancelled: it will never fire.'),
      );
    else {
      this.#awaited = task;
      task.attach(this);
    }
  }

  #finish(output: unknown, refuseAsync: (output: unknown) => IllegalAwaitError): void {
    if (isAsync(output)) {
      disown(output);
      return this.#fail(refuseAsync(output));
    }
    if (output instanceof TaskNode) return this.#fail(illegalOutput());
    const { continuation } = this.#execution;
    if (continuation !== undefined) {
      this.#completion = { type: 'ContinuedAsNew', ...continuation, carriedEvents: this.#events.remaining() };
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

function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Symbol.iterator in value &&
    'next' in value &&
    typeof value.next === 'function' &&
    'throw' in value &&
    typeof value.throw === 'function'
  );
}
