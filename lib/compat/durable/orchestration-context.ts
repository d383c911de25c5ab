import type { OrchestrationContext as CoreContext } from '../../core/orchestration-context.js';
import { InvocationContext } from '../functions/invocation-context.js';
import type { Unchecked } from '../functions/unchecked.js';
import { CriticalSection } from './critical-section.js';
import { EntityId, entityName } from './entity-id.js';
import { httpTask, type CallHttpOptions } from './http-calls.js';
import type { LockState } from './locks.js';
import { plainValue } from './plain-value.js';
import { activityTask, activityWithRetry, childTask, childWithRetry } from './registered-calls.js';
import { coreRetry, type RetryOptions } from './retry-options.js';
import { AllTask, AnyTask, CallTask, LazyTask, LazyTimer, type Task, type TimerTask } from './tasks.js';

/** What orchestrators of the app are run with, as its `host.json` says. */
export interface OrchestrationSettings {
  /** The wait between two polls of `callHttp`, in milliseconds. */
  readonly pollingIntervalInMilliseconds?: number | undefined;
}

/**
 * The door of an orchestrator in the style of Durable Functions to what is outside it. What it asks for is scheduled when
 * it is waited for first; signals, and `continueAsNew`, at the call.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * df.app.orchestration('approval', function* (context) {
 *   const answer = context.df.waitForExternalEvent('Answer');
 *   const deadline = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 86_400_000));
 *   if ((yield context.df.Task.any([answer, deadline])) === deadline) return 'too late';
 *   deadline.cancel();
 *   return answer.result;
 * });
 * ```
 */
export class DurableOrchestrationContext {
  /** The id of the instance. */
  readonly instanceId: string;
  /** The instance that waits for this one, when it is a sub-orchestration. */
  readonly parentInstanceId: string | undefined;
  /** The version that the instance was started with. */
  readonly version: string | undefined;
  /** Makes tasks of tasks. */
  Task: {
    /** Ends with the results of all, in order, or as soon as one fails, with its error. */
    all: (tasks: Task[]) => Task;
    /** Ends with the first task that does, well or not. */
    any: (tasks: Task[]) => Task;
  } = {
    all: (tasks) => new AllTask(childrenOf(tasks, 'all')),
    any: (tasks) => new AnyTask(childrenOf(tasks, 'any')),
  };
  readonly #core: CoreContext;
  readonly #settings: OrchestrationSettings;
  readonly #section: CriticalSection;
  #isOver = false;
  #customStatus: unknown;

  /** Internal: made for each execution. */
  constructor(core: CoreContext, settings: OrchestrationSettings = {}) {
    this.#core = core;
    this.#settings = settings;
    this.#section = new CriticalSection();
    this.instanceId = core.instanceId;
    this.parentInstanceId = core.parentInstanceId;
    this.version = core.version;
  }

  /** Whether what happens now has happened before. */
  get isReplaying(): boolean {
    return this.#core.isReplaying;
  }

  /** The time of the event that resumed the code: the same on every replay. */
  get currentUtcDateTime(): Date {
    return this.#core.currentUtcDateTime;
  }

  /** What was shown last to those who query the instance; it may be assigned. */
  get customStatus(): unknown {
    return this.#customStatus;
  }

  /** Shows a value, as `setCustomStatus`. */
  set customStatus(status: unknown) {
    this.#core.setCustomStatus(plainValue(status));
    this.#customStatus = status;
  }

  /** Calls an activity. */
  callActivity(name: string, input?: unknown): Task {
    return activityTask(name, input);
  }

  /** Calls an activity, with retries. */
  callActivityWithRetry(name: string, retryOptions: RetryOptions, input?: unknown): Task {
    return activityWithRetry(name, retryOptions, input);
  }

  /** Calls an operation of an entity, and waits for its result. */
  callEntity(entityId: EntityId, operationName: string, operationInput?: unknown): Task {
    const input = plainValue(operationInput);
    const name = entityName(entityId.name);
    const task: CallTask = new CallTask({
      start: (context) => context.callEntity(name, entityId.key, operationName, input),
    });
    this.#section.calls(entityId, task);
    return task;
  }

  /** Sends an operation to an entity, one-way. */
  signalEntity(entityId: EntityId, operationName: string, operationInput?: unknown): void {
    this.#section.checkSignal(entityId);
    if (this.#isOver) return;
    this.#core.signalEntity(entityName(entityId.name), entityId.key, operationName, plainValue(operationInput));
  }

  /** Begins a critical section over entities: yield it for the lock. */
  lock(...entities: EntityId[]): Task;
  /** The same for a list. */
  lock(entities: EntityId[]): Task;
  lock(...given: (EntityId | EntityId[])[]): Task {
    return this.#section.request(given.flat());
  }

  /** Whether it is in a critical section, and over which entities. */
  isLocked(): LockState {
    return this.#section.state;
  }

  /** Starts a sub-orchestration. */
  callSubOrchestrator(name: string, input?: unknown, instanceId?: string, version?: string): Task {
    this.#checkChild(name);
    return childTask(name, input, { instanceId, version });
  }

  /** Starts a sub-orchestration, with retries. */
  callSubOrchestratorWithRetry(
    name: string,
    retryOptions: RetryOptions,
    input?: unknown,
    instanceId?: string,
    version?: string,
  ): Task {
    this.#checkChild(name);
    coreRetry(retryOptions);
    return childWithRetry(name, retryOptions, input, { instanceId, version });
  }

  /** Sends an HTTP request; an answer 202 is polled unless `enablePolling` is false. */
  callHttp(options: CallHttpOptions): Task {
    return httpTask(options, this.#settings.pollingIntervalInMilliseconds);
  }

  /** Ends this execution, and starts the next one with a new input. */
  continueAsNew(input: unknown): void {
    this.#core.continueAsNew(plainValue(input));
    this.#isOver = true;
  }

  /** A durable timer. */
  createTimer(fireAt: Date): TimerTask {
    return new LazyTimer(new Date(fireAt));
  }

  /** The input of this execution. */
  getInput<T>(): T {
    return this.#core.input as T;
  }

  /** A UUID that is the same on every replay, and another at every call. */
  newGuid(_input: string): string {
    return this.#core.newGuid();
  }

  /** Shows a value to those who query the instance. */
  setCustomStatus(customStatusObject: unknown): void {
    this.customStatus = customStatusObject;
  }

  /** Waits for the next external event of a name. */
  waitForExternalEvent(name: string): Task {
    return new CallTask({ start: (context) => context.waitForExternalEvent(name) });
  }

  /** Whether `continueAsNew` was called: what is asked for now is not asked for. */
  static isOver(context: DurableOrchestrationContext): boolean {
    return context.#isOver;
  }

  #checkChild(name: unknown): void {
    if (!name)
      throw new Error(
        'A sub-orchestration function name must be provided when attempting to create a suborchestration',
      );
    this.#section.checkSubOrchestration();
  }
}

/** What an orchestrator gets. */
export interface OrchestrationContext extends InvocationContext {
  /** The door to what is outside it. */
  df: DurableOrchestrationContext;
}

/** The code of an orchestrator: it yields tasks. */
export type OrchestrationHandler = (context: OrchestrationContext) => Generator<Task, unknown, Unchecked>;

function childrenOf(tasks: readonly unknown[], method: 'all' | 'any'): LazyTask[] {
  if (Array.isArray(tasks) && tasks.every((task): task is LazyTask => task instanceof LazyTask)) return tasks;
  throw new Error(
    `Task.${method} received a non-valid input. This may occur if it somehow received a non-list input, ` +
      "or if the input list's Tasks were corrupted. Please review your orchestrator code and/or file an issue.",
  );
}
