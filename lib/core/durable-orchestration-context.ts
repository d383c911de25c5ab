import { InvalidIdError, PayloadTooLargeError, TaskFailedError, TaskTimedOutError } from '../errors.js';
import { chosenTimeouts, recordedTimeouts } from './activity-timeouts.js';
import { AtomicTask } from './atomic-task.js';
import type {
  ActivityOptions,
  ContinueAsNewOptions,
  EntityCallOptions,
  EntitySignalOptions,
  EventDefault,
  EventTimeout,
  NewOrchestrationOptions,
  SubOrchestrationOptions,
  WaitUntilOptions,
} from './call-options.js';
import { compareVersions } from './compare-versions.js';
import { asChildren } from './compound-task.js';
import type { Conditions } from './condition-task.js';
import type { CriticalSections } from './critical-sections.js';
import type { CoreDependencies } from './dependencies.js';
import { toEntity } from './entity-target.js';
import { cancellationOf, type Execution } from './execution.js';
import type { ExternalEvents } from './external-events.js';
import { fireTime } from './fire-time.js';
import { httpCallOf } from './http-call.js';
import { HTTP_ACTIVITY, type CallHttpOptions, type DurableHttpResponse } from './http-messages.js';
import { HttpTask } from './http-task.js';
import { checkVersion, labelsFrom } from './labels.js';
import type { EntityReference, LockOptions, LockState, LockTask } from './lock.js';
import { LongTasks } from './long-tasks.js';
import { activityProxy, methodProxy } from './method-proxy.js';
import { OrchestrationContext } from './orchestration-context.js';
import { randomSource, type RandomSource } from './random-source.js';
import type { ReplaySafeLog } from './replay-safe-log.js';
import type { Orchestration, Task, TimerTask } from './task.js';
import type { Outcome, TaskNode } from './task-node.js';
import type { TaskScheduler } from './task-scheduler.js';
import { TimeoutTask } from './timeout-task.js';
import type { TransactionBody, TransactionOptions } from './transaction.js';
import { beginTransaction } from './transactions.js';
import { uuidV5 } from './uuid-v5.js';
import type { Constructor, Json } from './values.js';
import { AllSettledTask, FailFastTask, WhenAllTask } from './when-all-task.js';
import { RaceTask, WhenAnyTask } from './when-any-task.js';

/** Characters of JSON: a custom status is read with every status, and stored with every head. */
const MAX_CUSTOM_STATUS = 16 * 1024;

/** What an execution waits for beside its actions, and its critical section. */
export interface Waits {
  readonly events: ExternalEvents;
  readonly conditions: Conditions;
  readonly sections: CriticalSections;
}

/**
 * The context that user code gets. Overloads are declared once, on OrchestrationContext; here each method takes what
 * they have in common and its result is cast to what the overload promises.
 */
export class DurableOrchestrationContext extends OrchestrationContext {
  readonly #execution: Execution;
  readonly #scheduler: TaskScheduler;
  readonly #events: ExternalEvents;
  readonly #conditions: Conditions;
  readonly #sections: CriticalSections;
  readonly #dependencies: CoreDependencies;
  readonly #long: LongTasks;
  readonly log: ReplaySafeLog;
  #guidCount = 0;
  #random: RandomSource | undefined;

  constructor(
    execution: Execution,
    scheduler: TaskScheduler,
    { events, conditions, sections }: Waits,
    dependencies: CoreDependencies,
    log: ReplaySafeLog,
  ) {
    super();
    this.#execution = execution;
    this.#scheduler = scheduler;
    this.#events = events;
    this.#conditions = conditions;
    this.#sections = sections;
    this.#dependencies = dependencies;
    this.#long = new LongTasks(execution, scheduler);
    this.log = log;
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

  get input(): unknown {
    return this.#dependencies.values.decode(this.#execution.input);
  }

  get version(): string | undefined {
    return this.#execution.labels.version;
  }

  get tags(): Readonly<Record<string, string>> {
    return { ...this.#execution.labels.tags };
  }

  get memo(): unknown {
    return this.#dependencies.values.decode(this.#execution.labels.memo);
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

  random(): number {
    this.#scheduler.assertInTurn();
    this.#random ??= randomSource('random', this.#execution);
    return this.#random.next();
  }

  compareVersion(version: string): number {
    return compareVersions(this.version, checkVersion(version));
  }

  setCustomStatus(status: unknown): void {
    this.#scheduler.assertInTurn();
    const encoded = this.#dependencies.values.encode(status) ?? null;
    const { length } = JSON.stringify(encoded);
    if (length > MAX_CUSTOM_STATUS)
      throw new PayloadTooLargeError('The custom status', length, MAX_CUSTOM_STATUS, 'characters');
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

  callHttp(options: CallHttpOptions): Task<DurableHttpResponse> {
    const call = httpCallOf(options, this.#dependencies.values);
    const limits = { startToCloseTimeoutInMilliseconds: call.timeout };
    return new HttpTask(call, {
      send: (request) => this.#activity(HTTP_ACTIVITY, request, limits) as TaskNode<DurableHttpResponse>,
      attempt: (start, retry, atLeast) => this.#long.attempt(start, retry, atLeast) as TaskNode<DurableHttpResponse>,
      wait: (milliseconds) => this.#long.pause(milliseconds),
      now: () => this.#execution.now,
      keepsKey: this.#execution.behaviour < 2,
      cancellation: cancellationOf(this.#execution),
    });
  }

  override callSubOrchestrator<R>(target: Constructor | string, ...rest: unknown[]): R {
    const [input, options] = rest as [unknown, SubOrchestrationOptions | undefined];
    this.#sections.checkSubOrchestration();
    const name = this.#orchestrator(target);
    const chosenId = this.#childId(options?.instanceId);
    const labels = labelsFrom(options ?? {}, this.#dependencies.values);
    const type = 'SubOrchestrationInstanceCreated';
    const given = this.#input(input);
    const start = () =>
      this.#scheduler.schedule(
        (id) => ({ type, id, name, instanceId: chosenId ?? this.#derivedId(id), ...given, ...labels }),
        new AtomicTask((failure) => new TaskFailedError(`sub-orchestration "${name}"`, failure)),
      );
    return this.#long.attempt(start, options?.retry) as R;
  }

  override startNew(target: Constructor | string, ...rest: unknown[]): string {
    const [input, options = {}] = rest as [unknown, NewOrchestrationOptions | undefined];
    const { ids, values } = this.#dependencies;
    const name = this.#orchestrator(target);
    const chosenId = options.instanceId === undefined ? undefined : ids.checkInstanceId(options.instanceId);
    const type = 'OrchestrationStartSent';
    const { startAt } = options;
    const time = startAt === undefined ? {} : { startAt: fireTime(startAt, this.#execution.now) };
    const given = { ...this.#input(input), ...labelsFrom(options, values), ...time };
    return this.#scheduler.record((id) => {
      return { type, id, name, instanceId: chosenId ?? this.#derivedId(id), ...given };
    }).instanceId;
  }

  override callEntity<R>(target: Constructor | string, key: string, ...rest: unknown[]): R {
    const options = (typeof target === 'string' ? rest[2] : rest[0]) as EntityCallOptions | undefined;
    return toEntity(this.#dependencies, target, key, rest, (entity, operation, input) => {
      const given = this.#input(input);
      const start = () => this.#sections.call(entity, { operation, ...given });
      return this.#long.attempt(start, options?.retry);
    }) as R;
  }

  override signalEntity<R>(target: Constructor | string, key: string, ...rest: unknown[]): R {
    const { signalAt } = ((typeof target === 'string' ? rest[2] : rest[0]) ?? {}) as EntitySignalOptions;
    const time = signalAt === undefined ? {} : { fireAt: fireTime(signalAt, this.#execution.now) };
    return toEntity(this.#dependencies, target, key, rest, (entity, operation, input) => {
      const given = { ...this.#input(input), ...time };
      this.#sections.checkSignal(entity);
      this.#scheduler.record((id) => ({ type: 'EntityOperationSignaled', id, entity, operation, ...given }));
    }) as R;
  }

  override lock(...given: (EntityReference | LockOptions)[]): LockTask {
    return this.#sections.request(given);
  }

  override transaction<const E extends readonly EntityReference[], R>(
    entities: E,
    body: TransactionBody<E, R>,
    options?: TransactionOptions,
  ): Orchestration<R> {
    return beginTransaction(this.#sections, this.#dependencies, entities, body, options);
  }

  isLocked(): LockState {
    return this.#sections.state;
  }

  override createTimer(due: number | Date): TimerTask {
    return this.#long.timer(fireTime(due, this.#execution.now));
  }

  override waitForExternalEvent<T>(name: string, ...rest: unknown[]): Task<T> {
    this.#scheduler.assertInTurn();
    const [type, options] = (typeof rest[0] === 'function' ? rest : [undefined, ...rest]) as [
      Constructor | undefined,
      EventTimeout | EventDefault<T> | undefined,
    ];
    this.#dependencies.ids.checkName(name, 'event');
    if (!options) return this.#events.waitFor(name, type) as TaskNode<T>;
    const fireAt = fireTime(options.timeout, this.#execution.now);
    const late = (): Outcome<T> =>
      'default' in options
        ? { value: options.default }
        : { error: new TaskTimedOutError(`Event "${name}"`, new Date(fireAt)) };
    const event = this.#events.waitFor(name, type) as TaskNode<T>;
    return new TimeoutTask(event, { start: () => this.#long.timer(fireAt), late }, this.#scheduler);
  }

  override waitUntil<R>(condition: () => boolean, options?: WaitUntilOptions): R {
    this.#scheduler.assertInTurn();
    const timeout = options?.timeoutInMilliseconds;
    const fireAt = timeout === undefined ? undefined : fireTime(timeout, this.#execution.now);
    const task = this.#conditions.waitFor(condition, options !== undefined);
    if (fireAt !== undefined && !task.isCompleted) task.endWith(this.#long.timer(fireAt));
    return task as R;
  }

  override sendEvent(instanceId: string, name: string, data?: unknown): void {
    const { ids } = this.#dependencies;
    ids.checkInstanceId(instanceId);
    const event = ids.checkName(name, 'event');
    const given = this.#input(data);
    this.#scheduler.record((id) => ({ type: 'EventSent', id, instanceId, name: event, ...given }));
  }

  override patched(id: string): boolean {
    this.#scheduler.assertInTurn();
    const name = this.#dependencies.ids.checkName(id, 'patch');
    const { patches, isReplaying } = this.#execution;
    return patches.isPatched(name, isReplaying, () => this.#scheduler.mark({ type: 'Patched', name }));
  }

  override continueAsNew(input?: unknown, { keepEvents = true, version }: ContinueAsNewOptions = {}): void {
    this.#scheduler.assertInTurn();
    const next = version === undefined ? {} : { version: checkVersion(version) };
    this.#execution.continuation = { ...this.#input(input), ...next, keepsEvents: keepEvents };
  }

  override all<R>(tasks: readonly Task<unknown>[]): R {
    this.#scheduler.assertInTurn();
    return new WhenAllTask(asChildren(tasks, 'all'), this.#scheduler) as R;
  }

  override allSettled<R>(tasks: readonly Task<unknown>[]): R {
    this.#scheduler.assertInTurn();
    return new AllSettledTask(asChildren(tasks, 'allSettled'), this.#scheduler) as R;
  }

  override failFast<R>(tasks: readonly Task<unknown>[]): R {
    this.#scheduler.assertInTurn();
    return new FailFastTask(asChildren(tasks, 'failFast'), this.#scheduler) as R;
  }

  override withTimeout<T>(task: Task<T>, timeout: number | Date): Task<T> {
    this.#scheduler.assertInTurn();
    const [child] = asChildren([task], 'withTimeout') as [TaskNode<T>];
    const fireAt = fireTime(timeout, this.#execution.now);
    const late = () => ({ error: new TaskTimedOutError('A task', new Date(fireAt)) });
    return new TimeoutTask(child, { start: () => this.#long.timer(fireAt), late }, this.#scheduler);
  }

  override any<R>(tasks: readonly Task<unknown>[]): R {
    this.#scheduler.assertInTurn();
    return new WhenAnyTask(asChildren(tasks, 'any'), this.#scheduler) as R;
  }

  override race<R>(tasks: readonly Task<unknown>[]): R {
    this.#scheduler.assertInTurn();
    return new RaceTask(asChildren(tasks, 'race'), this.#scheduler) as R;
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
    const timeouts = chosenTimeouts(options, declared);
    const given = this.#input(input);
    const start = () => {
      const recorded = recordedTimeouts(timeouts, this.#execution.now);
      return this.#scheduler.schedule(
        (id) => ({ type: 'TaskScheduled', id, name, ...given, ...(queue !== undefined && { queue }), ...recorded }),
        new AtomicTask((failure) => new TaskFailedError(`activity "${name}"`, failure)),
      );
    };
    return this.#long.attempt(start, options.retry ?? retry);
  }

  #orchestrator(target: Constructor | string): string {
    const { names, ids } = this.#dependencies;
    return typeof target === 'string' ? ids.checkName(target, 'orchestrator') : names.orchestrator(target).name;
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
