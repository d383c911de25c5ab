import type { Json, ValueReference } from '../core/values.js';
import type { EntityHead } from '../wire/head.js';
import type { PlannedOperation } from '../wire/planned.js';
import type { Prepared, PreparedChange } from '../wire/prepared.js';
import type { StepEntry } from '../wire/record.js';
import type { FetchedValues } from './fetched-values.js';

/** A state, or where it is when it is too large for a record; neither: the entity does not exist. */
interface Copy {
  /** Undefined also: it is not fetched yet. */
  readonly value: Json | undefined;
  readonly reference: ValueReference | undefined;
}

/**
 * The state of an entity as the log says: what is committed and, while a transaction has locked it, what that has prepared in
 * its place (P23). The executor's own copy may be one operation ahead.
 */
export class EntityState {
  #committed: Copy;
  #prepared: Prepared | undefined;
  /** What is prepared, when that is another state. */
  #next: Copy | undefined;
  /** The state after the last step, until it is applied. */
  #ahead: Json | undefined;
  #dropped: string[] = [];

  constructor(head: Pick<EntityHead, 'state' | 'stateRef' | 'prepared'> = {}) {
    this.#committed = copyOf(head, undefined);
    this.#prepared = head.prepared;
    this.#next = head.prepared && nextIn(head.prepared, undefined);
  }

  /** Whether the entity exists, for all but the transaction that has locked it. */
  get exists(): boolean {
    return this.#committed.value !== undefined || this.#committed.reference !== undefined;
  }

  /** What is committed. */
  get stored(): { readonly state?: Json; readonly stateRef?: ValueReference } {
    const { value, reference } = this.#committed;
    if (reference) return { stateRef: reference };
    return value === undefined ? {} : { state: value };
  }

  /** What a transaction has prepared; undefined: nothing. */
  get prepared(): Prepared | undefined {
    return this.#prepared;
  }

  /** The state that the next operation finds. */
  get #current(): Copy {
    return this.#next ?? this.#committed;
  }

  /** Its value; undefined also: it is not fetched yet. */
  get value(): Json | undefined {
    return this.#current.value;
  }

  /** Where it is, when it is not in memory. */
  get missing(): ValueReference | undefined {
    return this.value === undefined ? this.#current.reference : undefined;
  }

  /** Takes it from the object store. Throws CorruptHistoryError. */
  fill(fetched: FetchedValues): void {
    const { missing } = this;
    if (!missing) return;
    const copy = { value: fetched.of(missing), reference: missing };
    if (this.#next) this.#next = copy;
    else this.#committed = copy;
  }

  /** The state after a step whose entry is to be applied. */
  expect(state: Json | undefined): void {
    this.#ahead = state;
  }

  /**
   * Takes a step's entry in. What it returns a transaction has prepared, and the entity has now; `true`: it is aborted, and the
   * state is what it was before.
   */
  apply(entry: StepEntry): Prepared | true | undefined {
    const { deleted, state, stateRef, prepared, lock } = entry;
    if (prepared) this.#prepare(prepared);
    const decided = lock?.type === 'ended' ? this.#decide(lock.why === 'committed') : undefined;
    if (!deleted && state === undefined && !stateRef) return decided;
    this.#become(this.#taken(entry));
    return decided;
  }

  #prepare(change: PreparedChange): void {
    const next = nextIn(change, this.#ahead);
    if (next) {
      this.#drop(this.#next);
      this.#next = next;
      this.#ahead = undefined;
    }
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
    if (next) this.#become(next);
    return prepared;
  }

  #become(copy: Copy): void {
    this.#drop(this.#committed);
    this.#committed = copy;
  }

  #taken(entry: Pick<StepEntry, 'state' | 'stateRef'>): Copy {
    const copy = copyOf(entry, this.#ahead);
    this.#ahead = undefined;
    return copy;
  }

  #drop(copy: Copy | undefined): void {
    if (copy?.reference) this.#dropped.push(copy.reference.key);
  }

  /** The keys of values that it has named and does not name any more, since the last call. */
  takeDropped(): readonly string[] {
    const dropped = this.#dropped;
    if (dropped.length === 0) return none; // not the list itself: it goes on growing
    this.#dropped = [];
    return dropped;
  }

  /** Whether it names the value of this key. */
  holds(key: string): boolean {
    return this.#committed.reference?.key === key || this.#next?.reference?.key === key;
  }
}

/** `ahead`: the value of what is stored by reference. */
function copyOf({ state, stateRef }: Pick<StepEntry, 'state' | 'stateRef'>, ahead: Json | undefined): Copy {
  return { value: stateRef ? ahead : state, reference: stateRef };
}

/** The state that is prepared; undefined: the same as before. */
function nextIn(change: PreparedChange, ahead: Json | undefined): Copy | undefined {
  const { state, stateRef, deleted } = change;
  return deleted || state !== undefined || stateRef ? copyOf(change, ahead) : undefined;
}

/** Whether what is prepared is another state than the committed one. */
export function changesState(prepared: Prepared | undefined): boolean {
  return prepared !== undefined && nextIn(prepared, undefined) !== undefined;
}

/** What operations have prepared, one behind the other. */
function together(before: Prepared | undefined, change: PreparedChange): Prepared {
  if (!before) return { operations: 1, ...change };
  const { state, stateRef, deleted } = nextIn(change, undefined) ? change : before;
  const messages = [...(before.messages ?? none), ...(change.messages ?? none)];
  const unplanned = new Set([...(before.unplanned ?? none), ...(change.unplanned ?? none)]);
  const planned = new Map<string, PlannedOperation>();
  for (const each of before.planned ?? none) if (!change.unplanned?.includes(each.id)) planned.set(each.id, each);
  for (const each of change.planned ?? none) planned.set(each.id, each);
  return {
    operations: before.operations + 1,
    ...(state !== undefined && { state }),
    ...(stateRef && { stateRef }),
    ...(deleted && { deleted }),
    ...(planned.size > 0 && { planned: [...planned.values()] }),
    ...(unplanned.size > 0 && { unplanned: [...unplanned] }),
    ...(messages.length > 0 && { messages }),
  };
}

const none: readonly never[] = [];
