import { ClosedError, DefinitionError, EntityOperationFailedError, ReadonlyOperationError } from '../errors.js';
import type { CoreDependencies } from './dependencies.js';
import { EntityContext } from './entity-context.js';
import type { CallPort, EntityMessage, OperationRequest } from './operation.js';
import type { EntityId } from './history.js';
import { operationProxy } from './method-proxy.js';
import type { OperationProgram } from './programs.js';
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
    return this.#send(target, key, rest, (entity, operation, value) => this.#signal(entity, operation, value)) as R;
  }

  override callEntity<R>(target: Constructor | string, key: string, ...rest: unknown[]): R {
    return this.#send(target, key, rest, (entity, operation, value) => this.#call(entity, operation, value)) as R;
  }

  /** By names, or what sends to the operations of a class. */
  #send(
    target: Constructor | string,
    key: string,
    [operation, input]: readonly unknown[],
    send: (entity: EntityId, operation: string, value: unknown) => unknown,
  ): unknown {
    const { names, ids } = this.#dependencies;
    ids.checkEntityKey(key);
    if (typeof target === 'string') {
      const entity = { name: ids.checkName(target, 'entity'), key };
      return send(entity, ids.checkName(operation, 'operation'), input);
    }
    const shape = names.entity(target);
    return operationProxy(shape, (method, value) => send({ name: shape.name, key }, method, value));
  }

  #signal(entity: EntityId, operation: string, value: unknown): void {
    this.#refuse('signal');
    const input = this.#dependencies.values.encode(value);
    this.#messages.push({ type: 'signal', entity, operation, ...(input !== undefined && { input }) });
  }

  #call(entity: EntityId, operation: string, value: unknown): Promise<Json | undefined> {
    this.#refuse('call');
    if (!this.#calls)
      throw new DefinitionError(`${this.#where} is not async, so it cannot wait for the answer of an entity.`);
    const input = this.#dependencies.values.encode(value);
    const call = { entity, operation, ...(input !== undefined && { input }) };
    const answer = this.#calls.call(++this.#called, call).then(({ result, failure }) => {
      if (failure) throw new EntityOperationFailedError(entity.name, operation, failure);
      return result;
    });
    answer.catch(() => {}); // an operation need not wait for its calls
    return answer;
  }

  #refuse(verb: 'signal' | 'call'): void {
    if (this.#isReadonly) throw new DefinitionError(`${this.#where} is readonly, so it cannot ${verb} an entity.`);
    if (this.#isClosed) throw this.#closed();
  }

  #closed(): ClosedError {
    return new ClosedError(`${this.#where} has ended: its context cannot be used any more.`);
  }

  get #where(): string {
    return `${this.entityId.name}.${this.operationName}`;
  }
}
