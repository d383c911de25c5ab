import type { EntitySignalOptions } from '../core/call-options.js';
import { fireTime } from '../core/fire-time.js';
import type { EntityId } from '../core/history.js';
import type { InputShape, OperationShape } from '../core/names.js';
import { FIRST_VERSION, migrated } from '../core/state-migration.js';
import { knownOperation } from '../core/method-proxy.js';
import { DELETION, RESTORATION } from '../core/operation.js';
import type { Constructor, Json } from '../core/values.js';
import { names } from '../definitions/names.js';
import { ConfigError, EntityOperationFailedError, InvalidTimeError, TimeoutError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import { checkEntityKey } from '../wire/checks.js';
import { holderName } from '../wire/locks.js';
import type { Outcome } from '../wire/record.js';
import type { ClientSession } from './client-session.js';
import { lateError, type Delivery } from './delivery.js';
import { InstanceReads, type ReadSource } from './instance-reads.js';
import { lockedBy, type LockedBy } from './locked-by.js';
import { Together } from './many.js';
import { namedEntity, type NamedEntity } from './named-entity.js';
import { changesOf, stateAsOf, type EntityChange } from './past-states.js';
import { ReadonlyCalls } from './readonly-calls.js';
import { limitsOf, type CallOptions } from './waits.js';

/** The state of an entity as read. */
export interface EntityStateResponse<T> {
  /** Whether the entity exists: an operation has ended well, and its state was not deleted since. */
  readonly entityExists: boolean;
  /** Its state, as a copy; undefined when it does not exist. */
  readonly entityState: T | undefined;
  /** `owner`: exact. `view`: no owner answered; this is what the last one wrote for readers, and may be behind. */
  readonly source: ReadSource;
  /**
   * The version of `entityState`: read by a class, that of the class; by name, that of what is stored. Absent: the first, or there
   * is no state.
   */
  readonly stateVersion?: number;
  /**
   * The critical section, or transaction, that has locked it; undefined: none has. A lock keeps nobody from reading, but what a
   * transaction has prepared does, until that is decided.
   */
  readonly lockedBy?: LockedBy;
}

/** How a state is read. */
export interface ReadOptions extends CallOptions {
  /**
   * `exact` asks the owner, `eventual` takes what it stored last for readers: up to some 100 ms behind, without any work for
   * the owner. Default `exact`.
   */
  readonly consistency?: 'exact' | 'eventual' | undefined;
  /**
   * A former state of an entity whose class keeps a history: as it was at a time (a Date), or behind the change of a number, as
   * `client.entities.history` tells them; 0: before it existed. Default: the present one.
   */
  readonly asOf?: Date | number | undefined;
}

/** How an entity is looked at: as for `EntityReading`. */
interface EntityLook {
  readonly isExact: boolean;
  readonly notify?: string | undefined;
  readonly asOf?: ReadOptions['asOf'];
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
    options: CallOptions,
  ): Promise<void> {
    return this.send(this.preparedByName(entity, key, operation, input, due), options);
  }

  /** A signal ready to be sent, the operation by its name. */
  preparedByName(entity: string, key: unknown, operation: unknown, input: unknown, due?: number): Signal {
    const { id, name } = this.#checked(entity, key, operation);
    return this.prepared(id, name, input, undefined, due);
  }

  async callByName(
    entity: string,
    key: string,
    operation: unknown,
    input: unknown,
    options: CallOptions,
  ): Promise<unknown> {
    const { id, name } = this.#checked(entity, key, operation);
    return this.call(id, name, input, undefined, options);
  }

  #checked(entity: string, key: unknown, operation: unknown): { id: EntityId; name: string } {
    const id = namedEntity(entity, key).id;
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
  send({ id, message }: Signal, options: CallOptions): Promise<void> {
    const { name } = message;
    const delivery: Delivery = { progress: 'unsent' };
    const limits = limitsOf(options, this.#timeout);
    const late = () =>
      lateError(`The signal ${id.name}.${name} to "${id.key}"`, limits.timeoutInMilliseconds, delivery);
    const sent = this.#session.waits.within<Outcome | undefined>(limits, late, (wait) => {
      const check = () => this.#session.names.checkOperation(id.name, name);
      return this.#session.send(entityAddress(id), message, { check, wait, delivery });
    });
    return sent.then(() => {});
  }

  /** Sends signals in this order; resolves when all are stored. Rejects with PartlySentError. */
  async sendMany(signals: readonly Signal[], options: CallOptions): Promise<void> {
    const { names, waits } = this.#session;
    const together = new Together(signals.length);
    const limits = limitsOf(options, this.#timeout);
    const late = () => together.failure(lateError('The signal', limits.timeoutInMilliseconds, { progress: 'sending' }));
    return waits.within<void>(limits, late, async (wait) => {
      if (wait.isOver) return; // the client is closed
      for (const [at, signal] of signals.entries()) {
        const { id, message } = signal;
        const onStored = (error?: unknown): void => together.ended(at, error);
        const isPosted = names.knowsOperation(id.name, message.name) && this.#post(signal, onStored);
        if (!isPosted) this.send(signal, options).then(() => onStored(), onStored);
      }
      together.whenAll((failure) => (failure ? wait.fail(failure) : wait.succeed()));
    });
  }

  #post({ id, message }: Signal, onStored: (error?: unknown) => void): boolean {
    return this.#session.post(entityAddress(id), message, onStored);
  }

  /** The result of an operation, once it is committed. */
  async call(
    id: EntityId,
    name: string,
    input: unknown,
    shape: OperationShape | undefined,
    options: CallOptions,
  ): Promise<unknown> {
    const encoded = this.#session.encode(input, shape, `${id.name}.${name}`);
    if (!shape?.isReadonly) return this.#callByMail(id, name, encoded, options);
    const told = await this.#readonlyCalls.call(id, name, encoded, options);
    return told === 'byMail' ? this.#callByMail(id, name, encoded, options) : told.result;
  }

  /** Deletes an entity in its turn. Whether it existed. */
  async delete(id: EntityId, options: CallOptions): Promise<boolean> {
    const check = () => this.#session.names.checkEntity(id.name);
    return (await this.#callByMail(id, DELETION, {}, options, check)) as boolean;
  }

  /** Makes an entity exist with a state, in its turn. False: it exists. */
  async restore(id: EntityId, input: Json, options: CallOptions): Promise<boolean> {
    const check = () => this.#session.names.checkEntity(id.name);
    return (await this.#callByMail(id, RESTORATION, { input }, options, check)) as boolean;
  }

  async #callByMail(
    id: EntityId,
    name: string,
    encoded: { readonly input?: Json },
    options: CallOptions,
    check = () => this.#session.names.checkOperation(id.name, name),
  ): Promise<unknown> {
    const { inbox, waits, values } = this.#session;
    const target = `${id.name}.${name}`;
    const delivery: Delivery = { progress: 'unsent' };
    const limits = limitsOf(options, this.#timeout);
    const late = () => lateError(`The call of ${target} of "${id.key}"`, limits.timeoutInMilliseconds, delivery);
    const message = { kind: 'operation', name, ...encoded, reply: inbox.reply } as const;
    const outcome = await waits.within<Outcome | undefined>(limits, late, (wait) =>
      this.#session.send(entityAddress(id), message, { check, wait, delivery, isCall: true }),
    );
    if (outcome?.failure) throw new EntityOperationFailedError(id.name, name, outcome.failure);
    return values.decode(outcome?.result);
  }

  /** While a transaction has prepared another state it waits for the decision. */
  async read(entity: NamedEntity, options: ReadOptions = {}): Promise<EntityStateResponse<unknown>> {
    const { consistency, asOf } = options;
    const isExactly = isExact(consistency);
    if (asOf !== undefined) checkAsOf(asOf);
    return this.#decided(entity, options, () => this.look(entity, { isExact: isExactly, asOf }));
  }

  /** What a look finds once no transaction has prepared anything that is not decided. */
  #decided<T>({ id }: NamedEntity, options: CallOptions, look: () => Promise<T | undefined>): Promise<T> {
    const limits = limitsOf(options, this.#timeout);
    let isPrepared = false;
    const late = () => lateRead(id, limits.timeoutInMilliseconds, isPrepared);
    return this.#session.waits.within<T>(limits, late, async (wait) => {
      while (!wait.isOver) {
        const found = await look(); // the owner waits before it says so
        if (found !== undefined) return wait.succeed(found);
        isPrepared = true;
      }
    });
  }

  /** As `read`, once, for who waits for it; undefined: a transaction is not decided yet. */
  async look({ id, type }: NamedEntity, how: EntityLook): Promise<EntityStateResponse<unknown> | undefined> {
    const { asOf, ...reading } = how;
    await this.#session.names.checkEntity(id.name);
    const found = await this.#reads.entity(id, { ...reading, wantsChanges: asOf !== undefined });
    if (!found) return undefined;
    const { values } = this.#session;
    const { changes, lock, source, ...present } = found;
    const { state, version } = asOf === undefined ? present : stateAsOf(present, changes, asOf, id);
    const told = state !== undefined && type ? migrated(state, version, type, id, values) : state;
    const stateVersion = type?.stateVersion ?? version;
    return {
      entityExists: state !== undefined,
      entityState: values.decode(told),
      source,
      ...(state !== undefined && stateVersion > FIRST_VERSION && { stateVersion }),
      ...(lock && asOf === undefined && { lockedBy: lockedBy(holderName(lock.holder), lock) }),
    };
  }

  /** The changes that are kept of an entity. */
  history(entity: NamedEntity, options: Omit<ReadOptions, 'asOf'> = {}): Promise<readonly EntityChange[]> {
    const isExactly = isExact(options.consistency);
    return this.#decided(entity, options, async () => {
      await this.#session.names.checkEntity(entity.id.name);
      const changes = await this.#reads.changes(entity.id, isExactly);
      return changes && changesOf(changes);
    });
  }
}

function lateRead({ name, key }: EntityId, milliseconds: number, isPrepared: boolean): TimeoutError {
  if (!isPrepared)
    return new TimeoutError(`Nobody could tell of ${name} "${key}" within ${milliseconds} ms. Ask again.`);
  return new TimeoutError(
    `${name} "${key}" has been prepared by a transaction that was not decided within ${milliseconds} ms. Read it ` +
      "with consistency 'eventual' for the state before, or look why that stands still: client.entities.inspect.",
  );
}

/** Throws ConfigError. */
function isExact(consistency: ReadOptions['consistency'] = 'exact'): boolean {
  if (consistency === 'exact' || consistency === 'eventual') return consistency === 'exact';
  throw new ConfigError(`consistency: must be 'exact' or 'eventual', not ${JSON.stringify(consistency)}`);
}

/** Throws ConfigError and InvalidTimeError. */
function checkAsOf(asOf: unknown): void {
  if (asOf instanceof Date) {
    if (Number.isNaN(asOf.getTime())) throw new InvalidTimeError('asOf: the Date is invalid');
  } else if (!Number.isSafeInteger(asOf) || (asOf as number) < 0)
    throw new ConfigError(`asOf: must be a Date or the number of a change, not ${JSON.stringify(asOf)}`);
}
