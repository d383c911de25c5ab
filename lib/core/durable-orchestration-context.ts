import { EntityOperationFailedError, InvalidIdError, PayloadTooLargeError, TaskFailedError } from '../errors.js';
import { recordedTimeouts } from './activity-timeouts.js';
import { AtomicTask } from './atomic-task.js';
import { asChildren } from './compound-task.js';
import type { CoreDependencies } from './dependencies.js';
import type { Execution } from './execution.js';
import type { ExternalEvents } from './external-events.js';
import { fireTime } from './fire-time.js';
import type { EntityId } from './history.js';
import { activityProxy, methodProxy, operationProxy } from './method-proxy.js';
import type { RetryOptions } from './names.js';
import { OrchestrationContext, type ActivityOptions, type SubOrchestrationOptions } from './orchestration-context.js';
import { RetryableTask } from './retryable-task.js';
import type { Task, TimerTask } from './task.js';
import type { TaskNode } from './task-node.js';
import type { TaskScheduler } from './task-scheduler.js';
import { DurableTimerTask } from './timer-task.js';
import { uuidV5 } from './uuid-v5.js';
import type { Constructor, Json } from './values.js';
import { WhenAllTask } from './when-all-task.js';
import { RaceTask, WhenAnyTask } from './when-any-task.js';

/** Characters of JSON: a custom status is read with every status, and stored with every head. */
const MAX_CUSTOM_STATUS = 16 * 1024;

/**
 * The context that user code gets. Overloads are declared once, on OrchestrationContext; here each method takes what
 * they have in common and its result is cast to what the overload promises.
 */
export class DurableOrchestrationContext extends OrchestrationContext {
  readonly #execution: Execution;
  readonly #scheduler: TaskScheduler;
  readonly #events: ExternalEvents;
  readonly #dependencies: CoreDependencies;
  #guidCount = 0;

  constructor(execution: Execution, scheduler: TaskScheduler, events: ExternalEvents, dependencies: CoreDependencies) {
    super();
    this.#execution = execution;
    this.#scheduler = scheduler;
    this.#events = events;
    this.#dependencies = dependencies;
  }

  get instanceId(): string {
    return this.#execution.instanceId;
  }

  get executionId(): string {
    return this.#execution.executionId;
  }

  get parentInstanceId(): string | undefined {
    return this.#execution.parent?.instanceId;
  }

  get isReplaying(): boolean {
    return this.#execution.isReplaying;
  }

  get currentUtcDateTime(): Date {
    return new Date(this.#execution.now);
  }

  get customStatus(): unknown {
    return this.#dependencies.values.decode(this.#execution.customStatus);
  }

  newGuid(): string {
    this.#scheduler.assertInTurn();
    // The execution belongs to the name: two executions of an instance may run within one millisecond.
    const { instanceId, executionId, now } = this.#execution;
    return uuidV5(`${instanceId}_${executionId}_${now}_${this.#guidCount++}`);
  }

  setCustomStatus(status: unknown): void {
    this.#scheduler.assertInTurn();
    const encoded = this.#dependencies.values.encode(status) ?? null;
    const { length } = JSON.stringify(encoded);
    if (length > MAX_CUSTOM_STATUS) throw new PayloadTooLargeError('The custom status', length, MAX_CUSTOM_STATUS);
    this.#execution.customStatus = encoded;
  }

  override callActivity<R>(target?: Constructor | string | ActivityOptions, ...rest: unknown[]): R {
    if (typeof target === 'string') return this.#activity(target, rest[0], rest[1] as ActivityOptions | undefined) as R;
    if (typeof target === 'function') {
      const options = rest[0] as ActivityOptions | undefined;
      return activityProxy(this.#dependencies.names.activities(target), (activity, input) =>
        this.#activity(activity.name, input, options, activity),
      ) as R;
    }
    return methodProxy((method, input) => this.#activity(method, input, target)) as R;
  }

  override callSubOrchestrator<R>(target: Constructor | string, ...rest: unknown[]): R {
    const [input, options] = rest as [unknown, SubOrchestrationOptions | undefined];
    const { names, ids } = this.#dependencies;
    const name = typeof target === 'string' ? ids.checkName(target, 'orchestrator') : names.orchestrator(target).name;
    const chosenId = this.#childId(options?.instanceId);
    const body = { type: 'SubOrchestrationInstanceCreated', name, ...this.#input(input) } as const;
    const start = () =>
      this.#scheduler.schedule(
        (id) => ({ ...body, id, instanceId: chosenId ?? this.#derivedId(id) }),
        new AtomicTask((failure) => new TaskFailedError(`sub-orchestration "${name}"`, failure)),
      );
    return this.#attempt(start, options?.retry) as R;
  }

  override callEntity<R>(target: Constructor | string, key: string, ...rest: unknown[]): R {
    return this.#toEntity(target, key, rest, (entity, operation, input) => {
      const body = { type: 'EntityOperationCalled', entity, operation, ...this.#input(input) } as const;
      return this.#scheduler.schedule(
        (id) => ({ ...body, id }),
        new AtomicTask((failure) => new EntityOperationFailedError(entity.name, operation, failure)),
      );
    }) as R;
  }

  override signalEntity<R>(target: Constructor | string, key: string, ...rest: unknown[]): R {
    return this.#toEntity(target, key, rest, (entity, operation, input) => {
      const body = { type: 'EntityOperationSignaled', entity, operation, ...this.#input(input) } as const;
      this.#scheduler.record((id) => ({ ...body, id }));
    }) as R;
  }

  override createTimer(due: number | Date): TimerTask {
    return this.#timer(fireTime(due, this.#execution.now));
  }

  override waitForExternalEvent<T>(name: string, type?: Constructor): Task<T> {
    this.#scheduler.assertInTurn();
    return this.#events.waitFor(this.#dependencies.ids.checkName(name, 'event'), type) as Task<T>;
  }

  override sendEvent(instanceId: string, name: string, data?: unknown): void {
    const { ids } = this.#dependencies;
    ids.checkInstanceId(instanceId);
    const body = { type: 'EventSent', instanceId, name: ids.checkName(name, 'event'), ...this.#input(data) } as const;
    this.#scheduler.record((id) => ({ ...body, id }));
  }

  override continueAsNew(input?: unknown): void {
    this.#scheduler.assertInTurn();
    this.#execution.continuation = this.#input(input);
  }

  override all<R>(tasks: readonly Task<unknown>[]): R {
    return new WhenAllTask(asChildren(tasks, 'all')) as R;
  }

  override any<R>(tasks: readonly Task<unknown>[]): R {
    return new WhenAnyTask(asChildren(tasks, 'any')) as R;
  }

  override race<R>(tasks: readonly Task<unknown>[]): R {
    return new RaceTask(asChildren(tasks, 'race')) as R;
  }

  /** What the call says holds before what the activity's class says. */
  #activity(
    name: string,
    input: unknown,
    options: ActivityOptions = {},
    { retry, ...declared }: ActivityOptions = {},
  ): TaskNode<unknown> {
    this.#dependencies.ids.checkName(name, 'activity');
    const queue = options.queue ?? declared.queue;
    if (queue !== undefined) this.#dependencies.ids.checkName(queue, 'activity');
    const timeouts = {
      startToCloseTimeoutInMilliseconds:
        options.startToCloseTimeoutInMilliseconds ?? declared.startToCloseTimeoutInMilliseconds,
      scheduleToCloseTimeoutInMilliseconds:
        options.scheduleToCloseTimeoutInMilliseconds ?? declared.scheduleToCloseTimeoutInMilliseconds,
    };
    const body = { type: 'TaskScheduled', name, ...this.#input(input), ...(queue !== undefined && { queue }) } as const;
    const start = () => {
      const recorded = recordedTimeouts(timeouts, this.#execution.now);
      return this.#scheduler.schedule(
        (id) => ({ ...body, ...recorded, id }),
        new AtomicTask((failure) => new TaskFailedError(`activity "${name}"`, failure)),
      );
    };
    return this.#attempt(start, options.retry ?? retry);
  }

  #attempt(start: () => TaskNode<unknown>, retry: RetryOptions | undefined): TaskNode<unknown> {
    if (retry === undefined) return start();
    const now = () => this.#execution.now;
    const wait = (milliseconds: number) => this.#timer(now() + milliseconds);
    const isCleanup = this.#execution.isCanceled;
    return new RetryableTask(retry, {
      start,
      now,
      wait,
      isGivenUp: () => this.#execution.isCanceled && !isCleanup,
    });
  }

  #timer(fireAt: number): DurableTimerTask {
    let timerId = -1;
    const timer = new DurableTimerTask(() => this.#scheduler.cancelTimer(timerId));
    return this.#scheduler.schedule((id) => {
      timerId = id;
      return { type: 'TimerCreated', id, fireAt };
    }, timer);
  }

  #toEntity(
    target: Constructor | string,
    key: string,
    rest: readonly unknown[],
    send: (entity: EntityId, operation: string, input: unknown) => unknown,
  ): unknown {
    const { names, ids } = this.#dependencies;
    ids.checkEntityKey(key);
    if (typeof target === 'string') {
      const entity = { name: ids.checkName(target, 'entity'), key };
      return send(entity, ids.checkName(rest[0], 'operation'), rest[1]);
    }
    const shape = names.entity(target);
    return operationProxy(shape, (operation, input) => send({ name: shape.name, key }, operation, input));
  }

  #childId(instanceId: string | undefined): string | undefined {
    if (instanceId === undefined) return undefined;
    const { parent, instanceId: own } = this.#execution;
    if (instanceId === own || instanceId === parent?.instanceId)
      throw new InvalidIdError(
        `A sub-orchestration cannot have the id of its ancestor: "${instanceId}". Choose another.`,
      );
    return this.#dependencies.ids.checkInstanceId(instanceId);
  }

  /** Never that of another child, also of earlier executions, and of bounded length however deep children nest. */
  #derivedId(id: number): string {
    return `${this.#execution.executionId}:${id.toString(16).padStart(4, '0')}`;
  }

  #input(value: unknown): { readonly input?: Json } {
    const input = this.#dependencies.values.encode(value);
    return input === undefined ? {} : { input };
  }
}
