import { ConfigError, CriticalSectionError, EntityOperationFailedError } from '../errors.js';
import type { FailureDetails } from '../errors.js';
import { AtomicTask } from './atomic-task.js';
import type { CoreDependencies } from './dependencies.js';
import type { EntityId, InboundEvent } from './history.js';
import { keyOf, operationFailed } from './lock-failure.js';
import type { EntityReference, LockOptions, LockState, LockTask } from './lock.js';
import { isLoss, LockedCall, Section, SectionTask } from './section.js';
import type { TaskNode } from './task-node.js';
import type { TaskScheduler } from './task-scheduler.js';
import type { Json } from './values.js';

/** How long an entity is locked unless somebody says otherwise, and the longest that can be said, in milliseconds. */
const DEFAULT_LEASE = 300_000;
const LONGEST_LEASE = 86_400_000;
/** How long a transaction may take unless somebody says otherwise. */
const DEFAULT_TIMEOUT = 60_000;

/** What an operation is called with. */
export interface Called {
  readonly operation: string;
  readonly input?: Json;
}

/** A section as it is asked for. */
export interface Requested {
  readonly section: Section;
  readonly task: LockTask;
}

/**
 * The critical sections of an execution, one at a time, and what is not to be done in them. The rules and their texts are
 * the original's. A transaction is one, too: it is decided once, by its commit, or by its release, which aborts it (P23).
 *
 * L1. Entities are locked in one order everywhere, by name, then by key, in UTF-16 code units; a section begins no other,
 *     so no two wait for each other.
 */
export class CriticalSections {
  readonly #scheduler: TaskScheduler;
  readonly #dependencies: CoreDependencies;
  /** The section that was asked for, until it is released; that of a transaction, until its body has ended. */
  #current: Section | undefined;

  constructor(scheduler: TaskScheduler, dependencies: CoreDependencies) {
    this.#scheduler = scheduler;
    this.#dependencies = dependencies;
  }

  get state(): LockState {
    const owned = this.#current?.owned ?? [];
    return { isLocked: this.#current !== undefined, ownedLocks: owned.map((entity) => ({ ...entity })) };
  }

  /** Asks for a critical section; `given`: entities, and options behind them. */
  request(given: readonly (EntityReference | LockOptions)[]): LockTask {
    this.#scheduler.assertInTurn();
    const entities = given.filter((item): item is EntityReference => Array.isArray(item));
    const lease = leaseOf(given.filter((item): item is LockOptions => !Array.isArray(item)));
    return this.#begin(entities, lease, false).task;
  }

  /** Asks for the section of a transaction, whose entities ask after so many milliseconds how it ends. */
  requestTransaction(entities: readonly EntityReference[], timeout = DEFAULT_TIMEOUT): Requested {
    this.#scheduler.assertInTurn();
    checkTime('timeoutInMilliseconds', timeout);
    return this.#begin(entities, timeout, true);
  }

  #begin(given: readonly EntityReference[], lease: number, isTransaction: boolean): Requested {
    const entities = this.#sorted(given);
    if (entities.length === 0) throw new CriticalSectionError('The list of entities to lock must not be empty.');
    if (this.#current)
      throw new CriticalSectionError('Must not enter another critical section from within a critical section.');
    const section = new Section(entities, isTransaction, () => this.#end(section));
    this.#current = section;
    const task: LockTask = this.#scheduler.schedule((id) => {
      section.id = id;
      return { type: 'LockRequested', id, entities, lease, ...(isTransaction && { transaction: true }) };
    }, new SectionTask(section));
    return { section, task };
  }

  /** Calls an entity, under the lock when there is one. */
  call(entity: EntityId, { operation, ...given }: Called): TaskNode<unknown> {
    const section = this.#current;
    if (section?.failure && section.isTransaction && section.has(entity)) return section.lostCall(section.failure);
    section?.checkCall(entity);
    if (section?.failure) return section.lostCall(section.failure);
    const lock = section?.lockOf(entity);
    const toError = (failure: FailureDetails): Error =>
      section && isLoss(failure)
        ? section.toError(failure)
        : new EntityOperationFailedError(entity.name, operation, failure);
    const task = section
      ? new LockedCall(toError, (failure) => this.#called(section, entity, operation, failure))
      : new AtomicTask<unknown>(toError);
    const scheduled = this.#scheduler.schedule(
      (id) => ({ type: 'EntityOperationCalled', id, entity, operation, ...given, ...(lock && { lock }) }),
      task,
    );
    section?.enter(entity, task); // behind that: what was refused is not waited for
    return scheduled;
  }

  /** Calls an entity of a transaction, as its body does. */
  callIn(section: Section, entity: EntityId, called: Called): TaskNode<unknown> {
    if (this.#current !== section)
      throw new CriticalSectionError('The transaction has ended: its entities are called like any other from here on.');
    return this.call(entity, called);
  }

  /** An operation that fails aborts its transaction. */
  #called(section: Section, entity: EntityId, operation: string, failure: FailureDetails | undefined): void {
    section.leave(entity);
    if (!failure || !section.isTransaction || section.isReleased) return;
    section.lose(isLoss(failure) ? failure : operationFailed(entity, operation, failure));
    section.release();
  }

  checkSignal(entity: EntityId): void {
    if (this.#current?.isTransaction)
      throw new CriticalSectionError(
        'Must not signal an entity from a transaction, for it would be carried out whatever becomes of that: call it as one ' +
          'of its entities, or signal it afterwards.',
      );
    if (this.#current?.has(entity))
      throw new CriticalSectionError('Must not signal a locked entity from a critical section.');
  }

  checkSubOrchestration(): void {
    if (this.#current) throw new CriticalSectionError('While holding locks, cannot call suborchestrators.');
  }

  granted(event: Extract<InboundEvent, { type: 'LockGranted' }>): void {
    const section = this.#current;
    if (section?.id !== event.id || section.isReleased) return;
    section.fences = event.fences;
    this.#scheduler.settle(event);
  }

  /**
   * Before the grant, the request has failed: what it has locked elsewhere is given up. A transaction is aborted, also behind
   * its grant: an entity asks how it ends, and it is not decided.
   */
  lost(event: Extract<InboundEvent, { type: 'LockLost' }>): void {
    const section = this.#current;
    if (section?.id !== event.id || section.isReleased) return;
    section.lose(event.failure);
    if (section.fences) {
      if (section.isTransaction) section.release();
      return;
    }
    this.#scheduler.settle(event);
    this.leave(section);
  }

  /** The execution is canceled: a request that waits fails with this, and is given up. */
  giveUp(failure: FailureDetails): void {
    const section = this.#current;
    if (!section || section.fences) return;
    this.#scheduler.settle({ type: 'LockLost', at: 0, id: section.id, failure });
    this.leave(section);
  }

  /** Decides a transaction whose body has returned (P23). Throws TransactionAbortedError when it is decided otherwise. */
  commit(section: Section): void {
    if (section.failure) throw section.toError(section.failure);
    if (section.isReleased) throw new CriticalSectionError('The transaction has ended.');
    const { id: lockId, entities, fences } = section;
    this.#scheduler.release({ lockId, entities, fences: fences!, commit: true });
    this.#current = undefined;
  }

  /** The body of a transaction has ended: unless it is decided, it is aborted. */
  leave(section: Section): void {
    if (this.#current !== section) return;
    section.release();
    this.#current = undefined;
  }

  #end(section: Section): void {
    if (this.#current !== section) return;
    const { id: lockId, entities, fences } = section;
    this.#scheduler.release({ lockId, entities, ...(fences && { fences }) });
    if (!section.isTransaction) this.#current = undefined;
  }

  #sorted(given: readonly EntityReference[]): readonly EntityId[] {
    const { names, ids } = this.#dependencies;
    const entities = new Map<string, EntityId>();
    for (const [target, key] of given) {
      const name = typeof target === 'string' ? ids.checkName(target, 'entity') : names.entity(target).name;
      const entity = { name, key: ids.checkEntityKey(key) };
      entities.set(keyOf(entity), entity);
    }
    return [...entities.values()].sort((a, b) => compare(a.name, b.name) || compare(a.key, b.key));
  }
}

function leaseOf([options, ...more]: readonly LockOptions[]): number {
  if (more.length > 0)
    throw new ConfigError('lock: takes entities, each as [class or name, key], then one set of options.');
  const lease = options?.leaseInMilliseconds ?? DEFAULT_LEASE;
  checkTime('leaseInMilliseconds', lease);
  return lease;
}

function checkTime(option: string, milliseconds: number): void {
  if (!Number.isInteger(milliseconds) || milliseconds < 1 || milliseconds > LONGEST_LEASE)
    throw new ConfigError(`${option}: must be a whole number from 1 to ${LONGEST_LEASE}, is ${String(milliseconds)}.`);
}

/** In UTF-16 code units: the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
