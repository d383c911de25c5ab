import type { EntityId } from '../core/history.js';
import type { InputShape } from '../core/names.js';
import { EntityOperationFailedError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import { checkEntityKey, checkName } from '../wire/checks.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import { InstanceReads, type ReadSource } from './instance-reads.js';

/** The state of an entity as read. */
export interface EntityStateResponse<T> {
  /** Whether the entity exists: an operation has ended well, and its state was not deleted since. */
  readonly entityExists: boolean;
  /** Its state, as a copy; undefined when it does not exist. */
  readonly entityState: T | undefined;
  /** `owner`: exact. `view`: no owner answered; this is what the last one wrote for readers, and may be behind. */
  readonly source: ReadSource;
}

/** What a client does with entities. */
export class Entities {
  readonly #session: ClientSession;
  readonly #reads: InstanceReads;
  readonly #timeout: number;

  /** @param timeout how long a call waits for its answer, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.#session = session;
    this.#reads = new InstanceReads(session);
    this.#timeout = timeout;
  }

  async signalByName(entity: string, key: string, operation: unknown, input: unknown): Promise<void> {
    const { id, name } = this.#checked(entity, key, operation);
    return this.signal(id, name, input, undefined);
  }

  async callByName(entity: string, key: string, operation: unknown, input: unknown): Promise<unknown> {
    const { id, name } = this.#checked(entity, key, operation);
    return this.call(id, name, input, undefined);
  }

  #checked(entity: string, key: string, operation: unknown): { id: EntityId; name: string } {
    const id = { name: checkName(entity, 'entity'), key: checkEntityKey(key) };
    return { id, name: this.#session.names.operationName(entity, operation) };
  }

  /** Resolves when the message is stored. */
  signal(id: EntityId, name: string, input: unknown, shape: InputShape | undefined): Promise<void> {
    const target = `${id.name}.${name}`;
    const delivery: Delivery = { progress: 'unsent' };
    const options = { timeoutInMilliseconds: this.#timeout };
    const late = () => lateError(`The signal ${target} to "${id.key}"`, this.#timeout, delivery);
    return this.#session.waits.within(options, late, async (wait) => {
      const message = { kind: 'operation', name, ...this.#session.encode(input, shape, target) } as const;
      const check = () => this.#session.names.checkOperation(id.name, name);
      const { stored } = await this.#session.send(entityAddress(id), message, { check, wait, delivery });
      await stored;
    });
  }

  /** The result of an operation, once it is committed. */
  async call(id: EntityId, name: string, input: unknown, shape: InputShape | undefined): Promise<unknown> {
    const { inbox, waits, names, values } = this.#session;
    const target = `${id.name}.${name}`;
    const encoded = this.#session.encode(input, shape, target);
    const delivery: Delivery = { progress: 'unsent' };
    const wait = waits.begin<Outcome>({ timeoutInMilliseconds: this.#timeout }, () =>
      lateError(`The call of ${target} of "${id.key}"`, this.#timeout, delivery),
    );
    const send = async (): Promise<void> => {
      const address = entityAddress(id);
      const message = { kind: 'operation', name, ...encoded, reply: inbox.reply } as const;
      const check = () => names.checkOperation(id.name, name);
      const sent = await this.#session.send(address, message, { check, wait, delivery, isCall: true });
      return this.#session.outcome(sent, wait);
    };
    send().catch((error: unknown) => wait.fail(error));
    const { result, failure } = await wait.promise;
    if (failure) throw new EntityOperationFailedError(id.name, name, failure);
    return values.decode(result);
  }

  read(id: EntityId): Promise<EntityStateResponse<unknown>> {
    return this.#session.waits.whileOpen(async () => {
      await this.#session.names.checkEntity(id.name);
      const { exists, state, source } = await this.#reads.entity(id);
      return { entityExists: exists, entityState: this.#session.values.decode(state), source };
    });
  }
}
