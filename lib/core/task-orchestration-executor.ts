import type { CallTrace } from './call-trace.js';
import { toFailureDetails } from './failure.js';
import type { CoreDependencies } from './dependencies.js';
import { DurableOrchestrationContext } from './durable-orchestration-context.js';
import { newExecution, type Execution } from './execution.js';
import { ExternalEvents } from './external-events.js';
import type { ExecutionStarted, HistoryEvent, InboundEvent } from './history.js';
import { disown, illegalOutput, illegalRun, illegalYield, isAsync } from './illegal-await.js';
import { jsonEqual } from './json-equal.js';
import type { OrchestratorProgram } from './programs.js';
import { checkBehaviour } from './replay-behaviour.js';
import { checkTurn, isInbound } from './replay-check.js';
import { TaskNode, type TaskParent } from './task-node.js';
import { TaskScheduler } from './task-scheduler.js';
import type { Completion, Turn } from './turn.js';
import { IllegalAwaitError } from '../errors.js';

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
  readonly #trace: CallTrace | undefined;
  readonly #execution: Execution;
  readonly #scheduler: TaskScheduler;
  readonly #events: ExternalEvents;
  readonly #context: DurableOrchestrationContext;
  #generator: Generator<unknown, unknown, unknown> | undefined;
  /** The task that the generator yielded, once it has ended. */
  #ready: TaskNode<unknown> | undefined;
  #completion: Completion | undefined;
  #replayedEvents = 0;

  /** `trace`: to find out where the code asks for what it does. */
  constructor(
    program: OrchestratorProgram,
    dependencies: CoreDependencies,
    { instanceId, trace }: { readonly instanceId: string; readonly trace?: CallTrace },
  ) {
    this.#program = program;
    this.#dependencies = dependencies;
    this.#trace = trace;
    this.#execution = newExecution(instanceId);
    this.#scheduler = new TaskScheduler(dependencies.values, trace);
    this.#events = new ExternalEvents(dependencies.values);
    this.#context = new DurableOrchestrationContext(this.#execution, this.#scheduler, this.#events, dependencies);
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
    this.#execution.isReplaying = true;
    this.#execution.patches.read(history);
    let at = 0;
    for (let event = history[at]; event !== undefined; event = history[at]) {
      const turn = isInbound(event) ? this.#processEvent(event) : { actions: [] };
      at = checkTurn(history, isInbound(event) ? at + 1 : at, turn, this.#trace);
    }
    this.#replayedEvents += history.length;
    this.#execution.isReplaying = false;
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
    if (event.type === 'ExecutionStarted') checkBehaviour(event);
    const statusBefore = this.#execution.customStatus;
    this.#execution.now = Math.max(this.#execution.now, event.at);
    this.#scheduler.beginTurn();
    this.#guard(() => {
      if (event.type === 'ExecutionStarted') this.#start(event);
      else if (event.type === 'EventRaised') this.#events.deliver(event);
      else this.#scheduler.settle(event);
    });
    this.#tryResumingUserCode();
    return this.#endTurn(statusBefore);
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
    this.#execution.executionId = event.executionId;
    this.#execution.parent = event.parent;
    this.#guard(() => {
      const started = this.#program.run(event.input, this.#context);
      if (!isGenerator(started)) return this.#finish(started, illegalRun);
      this.#generator = started;
      this.#take(started.next());
    });
  }

  /** A loop, not a recursion: any number of tasks may have ended already. */
  #tryResumingUserCode(): void {
    for (let task = this.#ready; task !== undefined && this.#completion === undefined; task = this.#ready) {
      this.#ready = undefined;
      const ended = task;
      ended.seen();
      ended.detach(this);
      this.#guard(() => this.#resume(ended));
    }
  }

  #resume({ outcome }: TaskNode<unknown>): void {
    if (this.#generator === undefined || outcome === undefined) return;
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
    else task.attach(this);
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
    this.#completion = { type: 'Failed', failure: toFailureDetails(error) };
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
