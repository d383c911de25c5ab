import { ClosedError, DefinitionError, EntityOperationFailedError, ReadonlyOperationError } from '../errors.js';
import type { EntitySignalOptions } from './call-options.js';
import type { CoreDependencies } from './dependencies.js';
import { EntityContext } from './entity-context.js';
import { toEntity } from './entity-target.js';
import type { CallPort, EntityMessage, OperationOutcome, OperationRequest } from './operation.js';
import type { EntityStartOptions, Reminder, ReminderOptions, StoredReminder } from './entity-options.js';
import { fireTime } from './fire-time.js';
import type { EntityId } from './history.js';
import { labelsFrom } from './labels.js';
import type { OperationProgram } from './programs.js';
import { ReminderChanges } from './reminder-changes.js';
import type { Constructor, Json } from './values.js';

/** The context of one operation: it collects what the operation sends. */
export class OperationContext extends EntityContext {
  readonly entityId: EntityId;
  readonly operationName: string;
  readonly isNewlyConstructed: boolean;
  readonly #at: number;
  readonly #isReadonly: boolean;
  readonly #dependencies: CoreDependencies;
  readonly #messages: EntityMessage[] = [];
  readonly #calls: CallPort | undefined;
  readonly #newId: () => string;
  readonly #storedReminders: readonly StoredReminder[];
  /** Made when they are asked for: most operations have nothing to do with them. */
  #reminders: ReminderChanges | undefined;
  #called = 0;
  #isClosed = false;
  #deletesState = false;
  /** Made when somebody asks for the signal. */
  #abort: AbortController | undefined;

  constructor(
    id: EntityId,
    request: OperationRequest,
    { isReadonly, isAsync }: Pick<OperationProgram, 'isReadonly' | 'isAsync'>,
    dependencies: CoreDependencies,
    isNew: boolean,
  ) {
    super();
    this.entityId = id;
    this.isNewlyConstructed = isNew;
    this.operationName = request.name;
    this.#at = request.at;
    this.#isReadonly = isReadonly;
    this.#dependencies = dependencies;
    this.#calls = isAsync ? request.calls : undefined;
    this.#newId = request.newId ?? noIds;
    this.#storedReminders = request.reminders ?? none;
  }

  get currentUtcDateTime(): Date {
    return new Date(this.#at);
  }

  get signal(): AbortSignal {
    return (this.#abort ??= new AbortController()).signal;
  }

  /** Whether the operation has ended. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the entity is to be gone when the operation ends well. */
  get deletesState(): boolean {
    return this.#deletesState;
  }

  override deleteState(): void {
    if (this.#isReadonly) throw new ReadonlyOperationError(this.entityId.name, this.operationName);
    if (this.#isClosed) throw this.#closed();
    this.#deletesState = true;
  }

  /** Ends it; what was sent, in order. */
  close(): readonly EntityMessage[] {
    this.#isClosed = true;
    return this.#messages;
  }

  /** Ends it while its operation still runs, which is told why. */
  abandon(reason: Error): void {
    this.close();
    this.#abort?.abort(reason);
  }

  override signalEntity<R>(target: Constructor | string, key: string, ...rest: unknown[]): R {
    const { signalAt } = ((typeof target === 'string' ? rest[2] : rest[0]) ?? {}) as EntitySignalOptions;
    const due = signalAt === undefined ? {} : { due: fireTime(signalAt, this.#at) };
    return toEntity(this.#dependencies, target, key, rest, (entity, operation, value) => {
      this.#refuse('signal an entity');
      this.#messages.push({ type: 'signal', entity, operation, ...this.#input(value), ...due });
    }) as R;
  }

  override callEntity<R>(target: Constructor | string, key: string, ...rest: unknown[]): R {
    return toEntity(this.#dependencies, target, key, rest, (entity, operation, value) =>
      this.#call(entity, operation, value),
    ) as R;
  }

  override startNew(target: Constructor | string, input?: unknown, options: EntityStartOptions = {}): string {
    this.#refuse('start an orchestration');
    const { names, ids, values } = this.#dependencies;
    const name = typeof target === 'string' ? ids.checkName(target, 'orchestrator') : names.orchestrator(target).name;
    const instanceId = options.instanceId === undefined ? this.#newId() : ids.checkInstanceId(options.instanceId);
    const startAt = options.startAt === undefined ? {} : { startAt: fireTime(options.startAt, this.#at) };
    const labels = labelsFrom(options, values);
    this.#messages.push({ type: 'start', instanceId, name, ...this.#input(input), ...startAt, ...labels });
    return instanceId;
  }

  override raiseEvent(instanceId: string, name: string, data?: unknown): void {
    this.#refuse('raise an event');
    const { ids } = this.#dependencies;
    ids.checkInstanceId(instanceId);
    const event = ids.checkName(name, 'event');
    this.#messages.push({ type: 'event', instanceId, name: event, ...this.#input(data) });
  }

  override setReminder(name: string, options: ReminderOptions): void {
    this.#refuse('set a reminder');
    this.#reminderChanges.set(name, options);
  }

  override cancelReminder(name: string): boolean {
    this.#refuse('cancel a reminder');
    return this.#reminderChanges.cancel(name);
  }

  get reminders(): readonly Reminder[] {
    return this.#reminderChanges.all;
  }

  /** What the operation made of the reminders of its entity, which it may have deleted; undefined: nothing. */
  remindersOf(isDeleted: boolean): OperationOutcome['reminders'] {
    return isDeleted || this.#deletesState ? this.#reminderChanges.cancelled() : this.#reminders?.changes;
  }

  get #reminderChanges(): ReminderChanges {
    const { name } = this.entityId;
    return (this.#reminders ??= new ReminderChanges(name, this.#storedReminders, this.#at, this.#dependencies));
  }

  #call(entity: EntityId, operation: string, value: unknown): Promise<Json | undefined> {
    this.#refuse('call an entity');
    if (!this.#calls)
      throw new DefinitionError(`${this.#where} is not async, so it cannot wait for the answer of an entity.`);
    const call = { entity, operation, ...this.#input(value) };
    const answer = this.#calls.call(++this.#called, call).then(({ result, failure }) => {
      if (failure) throw new EntityOperationFailedError(entity.name, operation, failure);
      return result;
    });
    answer.catch(() => {}); // an operation need not wait for its calls
    return answer;
  }

  #input(value: unknown): { readonly input?: Json } {
    const input = this.#dependencies.values.encode(value);
    return input === undefined ? {} : { input };
  }

  #refuse(what: string): void {
    if (this.#isReadonly) throw new DefinitionError(`${this.#where} is readonly, so it cannot ${what}.`);
    if (this.#isClosed) throw this.#closed();
  }

  #closed(): ClosedError {
    return new ClosedError(`${this.#where} has ended: its context cannot be used any more.`);
  }

  get #where(): string {
    return `${this.entityId.name}.${this.operationName}`;
  }
}

const none: readonly never[] = [];

function noIds(): never {
  throw new DefinitionError('An orchestration that is started here needs an instanceId.');
}
