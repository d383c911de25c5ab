import { FIRST_VERSION } from '../core/state-migration.js';
import type { Json, ValueReference } from '../core/values.js';
import type { EntityHead } from '../wire/head.js';
import type { PlannedOperation } from '../wire/planned.js';
import type { Prepared, PreparedChange } from '../wire/prepared.js';
import type { StepEntry } from '../wire/record.js';
import type { ValueLimits } from '../wire/value-limits.js';
import type { DroppedKeys } from './dropped-keys.js';
import { EntityState, type StateEntry, type StateInHead } from './entity-state.js';
import type { FetchedValues } from './fetched-values.js';
import type { ChangeMaker } from './state-history.js';

/** The state in an entry of what is prepared: always as a whole. */
type PreparedState = Pick<PreparedChange, 'state' | 'stateVersion' | 'change' | 'deleted'>;

/**
 * The state of an entity as the log says: what is committed and, while a transaction has locked it, what that has prepared in
 * its place (P23). The executor's own copy may be one operation ahead.
 */
export class TransactionalState {
  readonly #limits: ValueLimits;
  readonly #committed: EntityState;
  #prepared: Prepared | undefined;
  /** What is prepared, when that is another state. */
  #next: EntityState | undefined;
  /** The state after the last step of a transaction, until it is applied. */
  #ahead: Json | undefined;
  readonly #dropped: DroppedKeys;

  constructor(head: StateInHead & Pick<EntityHead, 'prepared'>, limits: ValueLimits, dropped: DroppedKeys) {
    this.#limits = limits;
    this.#dropped = dropped;
    this.#committed = new EntityState(head, limits);
    this.#prepared = head.prepared;
    if (changesState(head.prepared)) this.#next = new EntityState(head.prepared!, limits);
  }

  /** Whether the entity exists, for all but the transaction that has locked it. */
  get exists(): boolean {
    return this.#committed.exists;
  }

  /** Whether it exists when a step's entry is taken in. */
  existsAfter({ lock, deleted, state, patches }: Omit<StepEntry, 'to'>): boolean {
    const isCommitted = lock?.type === 'ended' && lock.why === 'committed';
    if (isCommitted && changesState(this.#prepared)) return !this.#prepared!.deleted;
    return !deleted && (state !== undefined || patches !== undefined || this.exists);
  }

  /** What is committed. */
  get stored(): StateInHead {
    return this.#committed.stored;
  }

  /** What a transaction has prepared; undefined: nothing. */
  get prepared(): Prepared | undefined {
    return this.#prepared;
  }

  /** The state that the next operation finds. */
  get #current(): EntityState {
    return this.#next ?? this.#committed;
  }

  /** Its value; undefined: there is none, or it is not fetched yet. */
  get value(): Json | undefined {
    return this.#current.value;
  }

  /** The version of its schema. */
  get version(): number {
    return this.#current.version;
  }

  /** Where it is, when it is not in memory. */
  get missing(): ValueReference | undefined {
    return this.#current.missing;
  }

  /** Where the committed state is, when another is prepared and it is not in memory: the way back leads to it. */
  get missingFormer(): ValueReference | undefined {
    return this.#next && this.#committed.missing;
  }

  /** Takes what was missing. Throws CorruptHistoryError. False: nothing that the next operation finds was. */
  receive(fetched: FetchedValues): boolean {
    const former = this.missingFormer;
    if (former && fetched.has(former)) this.#committed.receive(fetched);
    return this.#current.receive(fetched);
  }

  /** What the record of a step says that has made another state of it; `maker`: what it notes of that. */
  become(next: Json | undefined, version: number, maker?: ChangeMaker): StateEntry {
    return this.#committed.become(next, version, maker);
  }

  /** Whether what it has become is to be stored apart, although it fits a message. */
  get storesApart(): boolean {
    return this.#committed.storesApart;
  }

  /** What it says of a step that has prepared another state. */
  prepare(next: Json | undefined, version: number, maker?: ChangeMaker): PreparedState {
    this.#ahead = next;
    if (next === undefined) return { deleted: true };
    return {
      state: next,
      ...(version > FIRST_VERSION && { stateVersion: version }),
      ...this.#noted(next, version, maker),
    };
  }

  /** What is noted of the change from the committed state, once that is made. */
  #noted(next: Json, version: number, maker: ChangeMaker | undefined): Pick<StateEntry, 'change'> {
    if (!maker) return {};
    if (this.#committed.missing) return { change: { ...maker, cut: true } }; // it is lost, and with it the way back
    const { change } = this.#committed.become(next, version, maker);
    this.#committed.stay();
    return change ? { change } : {};
  }

  /** What the last step has made of it is not recorded. */
  stay(): void {
    this.#committed.stay();
    this.#ahead = undefined;
  }

  /**
   * Takes a step's entry in. What it returns a transaction has prepared, and the entity has now; `true`: it is aborted, and the
   * state is what it was before.
   */
  apply(entry: StepEntry): Prepared | true | undefined {
    const { prepared, lock } = entry;
    if (prepared) this.#prepare(prepared);
    const decided = lock?.type === 'ended' ? this.#decide(lock.why === 'committed') : undefined;
    this.#note(this.#committed.apply(entry));
    return decided;
  }

  #prepare(change: PreparedChange): void {
    if (changesState(change)) {
      this.#drop(this.#next);
      this.#next = new EntityState({}, this.#limits);
      this.#next.become(this.#ahead, change.stateVersion ?? FIRST_VERSION);
      this.#next.apply(change);
    }
    this.#ahead = undefined;
    this.#prepared = together(this.#prepared, change);
  }

  #decide(isCommitted: boolean): Prepared | true | undefined {
    const [prepared, next] = [this.#prepared, this.#next];
    if (!prepared) return undefined;
    this.#prepared = this.#next = undefined;
    if (!isCommitted) {
      this.#drop(next);
      return true;
    }
    if (next) {
      this.#committed.expect(next.value);
      this.#note(this.#committed.apply(prepared));
    }
    return prepared;
  }

  #drop(state: EntityState | undefined): void {
    this.#note(state?.stored.stateRef?.key);
  }

  #note(dropped: string | undefined): void {
    if (dropped !== undefined) this.#dropped.add([dropped]);
  }

  /** Whether it names the value of this key. */
  holds(key: string): boolean {
    return this.#committed.holds(key) || (this.#next?.holds(key) ?? false);
  }
}

/** Whether what is prepared is another state than the committed one. */
export function changesState(prepared: PreparedChange | undefined): boolean {
  return (
    prepared !== undefined && (prepared.deleted || prepared.state !== undefined || prepared.stateRef !== undefined)
  );
}

/** What operations have prepared, one behind the other. */
function together(before: Prepared | undefined, change: PreparedChange): Prepared {
  if (!before) return { operations: 1, ...change };
  const { state, stateRef, stateVersion, change: noted, deleted } = changesState(change) ? change : before;
  const messages = [...(before.messages ?? none), ...(change.messages ?? none)];
  const unplanned = new Set([...(before.unplanned ?? none), ...(change.unplanned ?? none)]);
  const planned = new Map<string, PlannedOperation>();
  for (const each of before.planned ?? none) if (!change.unplanned?.includes(each.id)) planned.set(each.id, each);
  for (const each of change.planned ?? none) planned.set(each.id, each);
  return {
    operations: before.operations + 1,
    ...(state !== undefined && { state }),
    ...(stateRef && { stateRef }),
    ...(stateVersion !== undefined && { stateVersion }),
    ...(noted && { change: noted }),
    ...(deleted && { deleted }),
    ...(planned.size > 0 && { planned: [...planned.values()] }),
    ...(unplanned.size > 0 && { unplanned: [...unplanned] }),
    ...(messages.length > 0 && { messages }),
  };
}

const none: readonly never[] = [];
