import type { EntitySignalOptions } from '../core/call-options.js';
import { fireTime } from '../core/fire-time.js';
import type { EntityId } from '../core/history.js';
import type { InputShape, OperationShape } from '../core/names.js';
import { knownOperation } from '../core/method-proxy.js';
import { DELETION } from '../core/operation.js';
import type { Constructor, Json } from '../core/values.js';
import { names } from '../definitions/names.js';
import { ConfigError, EntityOperationFailedError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import { checkEntityKey, checkName } from '../wire/checks.js';
import { holderName, type LockHeld } from '../wire/locks.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import { InstanceReads, type ReadSource } from './instance-reads.js';
import { Together } from './many.js';
import { ReadonlyCalls } from './readonly-calls.js';

/** The state of an entity as read. */
export interface EntityStateResponse<T> {
  /** Whether the entity exists: an operation has ended well, and its state was not deleted since. */
  readonly entityExists: boolean;
  /** Its state, as a copy; undefined when it does not exist. */
  readonly entityState: T | undefined;
  /** `owner`: exact. `view`: no owner answered; this is what the last one wrote for readers, and may be behind. */
  readonly source: ReadSource;
  /** The critical section that has locked it; undefined: none has. A lock keeps nobody from reading. */
  readonly lockedBy?: LockedBy;
}

/** Who has locked an entity. */
export interface LockedBy {
  /** The orchestration instance. */
  readonly instanceId: string;
  /** Since when. */
  readonly since: Date;
  /** When the lease of the lock runs out. */
  readonly until: Date;
}

function lockedBy({ holder, since, until }: LockHeld): LockedBy {
  return { instanceId: holderName(holder), since: new Date(since), until: new Date(until) };
}

/** How a state is read. */
export interface ReadOptions {
  /**
   * `exact` asks the owner, `eventual` takes what it stored last for readers: up to some 100 ms behind, without any work for
   * the owner. Default `exact`.
   */
  readonly consistency?: 'exact' | 'eventual' | undefined;
}

/** A message to an entity that nobody waits for. */
export interface Signal {
  readonly id: EntityId;
  readonly message: { readonly kind: 'operation'; readonly name: string; readonly input?: Json; readonly due?: number };
}

/** What a client does with entities. */
export class Entities {
  readonly #session: ClientSession;
  readonly #reads: InstanceReads;
  readonly #readonlyCalls: ReadonlyCalls;
  readonly #timeout: number;

  /** @param timeout how long a call waits for its answer, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.#readonlyCalls = new ReadonlyCalls(session, timeout);
    this.#session = session;
    this.#reads = new InstanceReads(session);
    this.#timeout = timeout;
  }

  /** When a signal is to be carried out, in milliseconds since 1970. Throws InvalidTimeError. */
  dueOf({ signalAt }: EntitySignalOptions = {}): number | undefined {
    return signalAt === undefined ? undefined : fireTime(signalAt, this.#session.ports.clock.now());
  }

  async signalByName(
    entity: string,
    key: string,
    operation: unknown,
    input: unknown,
    due: number | undefined,
  ): Promise<void> {
    return this.send(this.preparedByName(entity, key, operation, input, due));
  }

  /** A signal ready to be sent, the operation by its name. */
  preparedByName(entity: string, key: unknown, operation: unknown, input: unknown, due?: number): Signal {
    const { id, name } = this.#checked(entity, key, operation);
    return this.prepared(id, name, input, undefined, due);
  }

  async callByName(entity: string, key: string, operation: unknown, input: unknown): Promise<unknown> {
    const { id, name } = this.#checked(entity, key, operation);
    return this.call(id, name, input, undefined);
  }

  #checked(entity: string, key: unknown, operation: unknown): { id: EntityId; name: string } {
    const id = { name: checkName(entity, 'entity'), key: checkEntityKey(key) };
    return { id, name: this.#session.names.operationName(entity, operation) };
  }

  /** Makes signals to entities of a class or name ready to be sent. */
  signalsTo(entity: string | Constructor): (key: string, operation: string, input: unknown) => Signal {
    if (typeof entity === 'string')
      return (key, operation, input) => this.preparedByName(entity, key, operation, input);
    const shape = names.entity(entity);
    return (key, operation, input) => {
      const known = knownOperation(shape, operation);
      return this.prepared({ name: shape.name, key: checkEntityKey(key) }, known.name, input, known);
    };
  }

  /** A signal ready to be sent. Throws what is wrong with its input. */
  prepared(id: EntityId, name: string, input: unknown, shape: InputShape | undefined, due?: number): Signal {
    const encoded = this.#session.encode(input, shape, `${id.name}.${name}`);
    return { id, message: { kind: 'operation', name, ...encoded, ...(due !== undefined && { due }) } };
  }

  /** Resolves when the signal is stored. */
  send({ id, message }: Signal): Promise<void> {
    const { name } = message;
    const delivery: Delivery = { progress: 'unsent' };
    const options = { timeoutInMilliseconds: this.#timeout };
    const late = () => lateError(`The signal ${id.name}.${name} to "${id.key}"`, this.#timeout, delivery);
    const sent = this.#session.waits.within<Outcome | undefined>(options, late, (wait) => {
      const check = () => this.#session.names.checkOperation(id.name, name);
      return this.#session.send(entityAddress(id), message, { check, wait, delivery });
    });
    return sent.then(() => {});
  }

  /** Sends signals in this order; resolves when all are stored. Rejects with PartlySentError. */
  async sendMany(signals: readonly Signal[]): Promise<void> {
    const { names, waits } = this.#session;
    const together = new Together(signals.length);
    const late = () => together.failure(lateError('The signal', this.#timeout, { progress: 'sending' }));
    const options = { timeoutInMilliseconds: this.#timeout };
    return waits.within<void>(options, late, async (wait) => {
      if (wait.isOver) return; // the client is closed
      for (const [at, signal] of signals.entries()) {
        const { id, message } = signal;
        const onStored = (error?: unknown): void => together.ended(at, error);
        const isPosted = names.knowsOperation(id.name, message.name) && this.#post(signal, onStored);
        if (!isPosted) this.send(signal).then(() => onStored(), onStored);
      }
      together.whenAll((failure) => (failure ? wait.fail(failure) : wait.succeed()));
    });
  }

  #post({ id, message }: Signal, onStored: (error?: unknown) => void): boolean {
    return this.#session.post(entityAddress(id), message, onStored);
  }

  /** The result of an operation, once it is committed. */
  async call(id: EntityId, name: string, input: unknown, shape: OperationShape | undefined): Promise<unknown> {
    const encoded = this.#session.encode(input, shape, `${id.name}.${name}`);
    if (!shape?.isReadonly) return this.#callByMail(id, name, encoded);
    const told = await this.#readonlyCalls.call(id, name, encoded);
    return told === 'byMail' ? this.#callByMail(id, name, encoded) : told.result;
  }

  /** Deletes an entity in its turn. Whether it existed. */
  async delete(id: EntityId): Promise<boolean> {
    return (await this.#callByMail(id, DELETION, {}, () => this.#session.names.checkEntity(id.name))) as boolean;
  }

  async #callByMail(
    id: EntityId,
    name: string,
    encoded: { readonly input?: Json },
    check = () => this.#session.names.checkOperation(id.name, name),
  ): Promise<unknown> {
    const { inbox, waits, values } = this.#session;
    const target = `${id.name}.${name}`;
    const delivery: Delivery = { progress: 'unsent' };
    const late = () => lateError(`The call of ${target} of "${id.key}"`, this.#timeout, delivery);
    const message = { kind: 'operation', name, ...encoded, reply: inbox.reply } as const;
    const outcome = await waits.within<Outcome | undefined>({ timeoutInMilliseconds: this.#timeout }, late, (wait) =>
      this.#session.send(entityAddress(id), message, { check, wait, delivery, isCall: true }),
    );
    if (outcome?.failure) throw new EntityOperationFailedError(id.name, name, outcome.failure);
    return values.decode(outcome?.result);
  }

  /** `notify`: where the owner tells of changes. */
  read(
    id: EntityId,
    { consistency = 'exact' }: ReadOptions = {},
    notify?: string,
  ): Promise<EntityStateResponse<unknown>> {
    if (consistency !== 'exact' && consistency !== 'eventual')
      throw new ConfigError(`consistency: must be 'exact' or 'eventual', not ${JSON.stringify(consistency)}`);
    return this.#session.waits.whileOpen(async () => {
      await this.#session.names.checkEntity(id.name);
      const { exists, state, lock, source } = await this.#reads.entity(id, consistency === 'exact', notify);
      const entityState = this.#session.values.decode(state);
      return { entityExists: exists, entityState, source, ...(lock && { lockedBy: lockedBy(lock) }) };
    });
  }
}
