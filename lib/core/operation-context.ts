import { ClosedError, DefinitionError } from '../errors.js';
import type { CoreDependencies } from './dependencies.js';
import { EntityContext } from './entity-context.js';
import type { EntityMessage, OperationRequest } from './operation.js';
import type { EntityId } from './history.js';
import { operationProxy } from './method-proxy.js';
import type { Constructor } from './values.js';

/** The context of one operation: it collects what the operation sends. */
export class OperationContext extends EntityContext {
  readonly entityId: EntityId;
  readonly operationName: string;
  readonly #at: number;
  readonly #isReadonly: boolean;
  readonly #dependencies: CoreDependencies;
  readonly #messages: EntityMessage[] = [];
  #isClosed = false;
  /** Made when somebody asks for the signal. */
  #abort: AbortController | undefined;

  constructor(id: EntityId, request: OperationRequest, isReadonly: boolean, dependencies: CoreDependencies) {
    super();
    this.entityId = id;
    this.operationName = request.name;
    this.#at = request.at;
    this.#isReadonly = isReadonly;
    this.#dependencies = dependencies;
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
    const { names, ids } = this.#dependencies;
    ids.checkEntityKey(key);
    if (typeof target === 'string') {
      const entity = { name: ids.checkName(target, 'entity'), key };
      return this.#signal(entity, ids.checkName(rest[0], 'operation'), rest[1]) as R;
    }
    const shape = names.entity(target);
    return operationProxy(shape, (operation, input) => this.#signal({ name: shape.name, key }, operation, input)) as R;
  }

  #signal(entity: EntityId, operation: string, value: unknown): void {
    const where = `${this.entityId.name}.${this.operationName}`;
    if (this.#isReadonly) throw new DefinitionError(`${where} is readonly, so it cannot signal an entity.`);
    if (this.#isClosed) throw new ClosedError(`${where} has ended: its context cannot be used any more.`);
    const input = this.#dependencies.values.encode(value);
    this.#messages.push({ type: 'signal', entity, operation, ...(input !== undefined && { input }) });
  }
}
