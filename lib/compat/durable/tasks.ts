import type { OrchestrationContext as CoreContext } from '../../core/orchestration-context.js';
import type { Task as CoreTask, TimerTask as CoreTimerTask } from '../../core/task.js';
import type { RetryOptions } from './retry-options.js';

/** What an orchestrator waits for, with `yield`. */
export interface Task {
  /** Whether it has ended well. */
  isCompleted: boolean;
  /** Whether it has failed. */
  isFaulted: boolean;
  /** Its result, or the error that it failed with; undefined until it has ended. */
  result?: unknown;
}

/** A durable timer. */
export interface TimerTask extends Task {
  /** Whether it was cancelled. */
  isCanceled: boolean;
  /** Makes sure that it never fires. Throws Error once it has fired. */
  cancel: () => void;
}

/**
 * A task as programs of the original see it: it is scheduled when it is waited for first, alone or among others, and not
 * when it is made (docs/adr/0065).
 */
export abstract class LazyTask<C extends CoreTask<unknown> = CoreTask<unknown>> implements Task {
  #started: C | undefined;

  /** The core's task, scheduled now unless it was. */
  in(context: CoreContext): C {
    return (this.#started ??= this.start(context));
  }

  get isCompleted(): boolean {
    return this.hasEnded && !this.isFaulted;
  }

  get isFaulted(): boolean {
    return this.#started?.isFaulted ?? false;
  }

  get result(): unknown {
    if (!this.#started?.isCompleted) return undefined;
    return this.#started.isFaulted ? this.shownError(this.#started.error) : this.shownResult(this.#started.result);
  }

  /** Its error, in the words of the original. */
  get error(): unknown {
    return this.shownError(this.#started?.error);
  }

  /** Whether it failed with this error of the core. */
  hasFailedWith(error: unknown): boolean {
    return this.isFaulted && this.#started?.error === error;
  }

  get hasEnded(): boolean {
    return this.#started?.isCompleted ?? false;
  }

  get isScheduled(): boolean {
    return this.#started !== undefined;
  }

  protected get started(): C | undefined {
    return this.#started;
  }

  protected abstract start(context: CoreContext): C;

  protected shownResult(result: unknown): unknown {
    return result;
  }

  protected shownError(error: unknown): unknown {
    return error;
  }
}

/** How a task of the core is made, and shown. */
export interface Call {
  start(context: CoreContext): CoreTask<unknown>;
  readonly showResult?: ((result: unknown) => unknown) | undefined;
  readonly showError?: ((error: unknown) => unknown) | undefined;
}

/** Something that is asked for: an activity, a child, an operation, an event. */
export class CallTask extends LazyTask {
  readonly #call: Call;
  #shown: { readonly value: unknown } | undefined;

  constructor(call: Call) {
    super();
    this.#call = call;
  }

  protected override start(context: CoreContext): CoreTask<unknown> {
    return this.#call.start(context);
  }

  /** The same object each time. */
  protected override shownResult(result: unknown): unknown {
    const { showResult } = this.#call;
    return showResult ? (this.#shown ??= { value: showResult(result) }).value : result;
  }

  protected override shownError(error: unknown): unknown {
    const { showError } = this.#call;
    return showError ? (this.#shown ??= { value: showError(error) }).value : error;
  }
}

/** A call that may yet become one with retries. */
export class RetriableCallTask extends CallTask {
  readonly #name: string;
  readonly #withRetry: (options: RetryOptions) => CallTask;

  constructor(name: string, call: Call, withRetry: (options: RetryOptions) => CallTask) {
    super(call);
    this.#name = name;
    this.#withRetry = withRetry;
  }

  /** The same call, with retries. Throws Error once this one is scheduled. */
  readonly withRetry = (options: RetryOptions): Task => {
    if (this.isScheduled)
      throw new Error(
        'Invalid use of `.withRetry`: attempted to create a retriable task from an already scheduled task. ' +
          `A task to call ${this.#name} has already been scheduled. ` +
          'Make sure to only invoke `.withRetry` on tasks that have not previously been yielded.',
      );
    return this.#withRetry(options);
  };
}

/** A durable timer. */
export class LazyTimer extends LazyTask<CoreTimerTask> implements TimerTask {
  readonly #fireAt: Date;
  #isCanceled = false;

  constructor(fireAt: Date) {
    super();
    this.#fireAt = fireAt;
  }

  get isCanceled(): boolean {
    return this.#isCanceled;
  }

  readonly cancel = (): void => {
    if (this.hasEnded) throw new Error('Cannot cancel a completed task.');
    this.#isCanceled = true;
    this.started?.cancel();
  };

  /** One that was cancelled before never fires. */
  protected override start(context: CoreContext): CoreTimerTask {
    const timer = context.createTimer(this.#fireAt);
    if (this.#isCanceled) timer.cancel();
    return timer;
  }
}

/** Several tasks that are waited for together. */
abstract class GroupTask extends LazyTask {
  protected readonly children: readonly LazyTask[];

  constructor(children: readonly LazyTask[]) {
    super();
    if (children.length === 0)
      throw new Error(
        'When constructing a CompoundTask (such as Task.all() or Task.any()), you must specify at least one Task.',
      );
    this.children = children;
  }
}

/** Ends with the results of all, in order, or as soon as one of them fails, with its error. The others go on. */
export class AllTask extends GroupTask {
  protected override start(context: CoreContext): CoreTask<unknown> {
    return context.failFast(this.children.map((child) => child.in(context)));
  }

  protected override shownResult(): unknown {
    return this.children.map(({ result }) => result);
  }

  protected override shownError(error: unknown): unknown {
    const failed = this.children.find((child) => child.hasFailedWith(error));
    return failed ? failed.error : error;
  }
}

/** Ends with the first of them that does, as it is. */
export class AnyTask extends GroupTask {
  #context: CoreContext | undefined;

  protected override start(context: CoreContext): CoreTask<unknown> {
    this.#context = context;
    return context.any(this.children.map((child) => child.in(context)));
  }

  protected override shownResult(winner: unknown): unknown {
    return this.children.find((child) => this.#context && child.in(this.#context) === winner);
  }
}
