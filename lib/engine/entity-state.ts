import { weighs } from '../core/json-weight.js';
import { changeBetween, patched, type StateChange, type StatePatch } from '../core/state-patches.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { Json, ValueReference } from '../core/values.js';
import { CorruptHistoryError } from '../errors.js';
import type { StateHistory } from '../wire/entity-history.js';
import type { StoredState } from '../wire/entity-state.js';
import type { StepEntry } from '../wire/record.js';
import { utf8Length } from '../wire/text.js';
import type { ValueLimits } from '../wire/value-limits.js';
import type { FetchedValues } from './fetched-values.js';
import { KeptChanges, type ChangeMaker } from './state-history.js';

// Shares of the most that a value in a message has, 256 KiB by default.
/** A state of less than this, 8 KiB, is recorded as a whole whenever it changes. */
const LEAST_SHARE = 32;
/** Changes since a state was stored in the object store take this at most, 32 KiB: they are in each head. */
const CHAIN_SHARE = 8;
/** And there are so many of them at most: a state that is loaded goes through all of them. */
const CHAIN_PATCHES = 1_000;
/** A change is recorded in place of the state when it takes this share of it at most. */
const CHANGE_SHARE = 4;

/** A state that fits a message is stored apart, too, if it has more than this, 32 KiB, */
const APART_SHARE = 8;
/** and so many of its changes, one after another, were small: its heads need not say it as a whole each time. */
const SMALL_CHANGES = 8;

/** The changes that a class keeps take this at most, 64 KiB. */
const HISTORY_SHARE = 4;

/** What the record of a step says of a state. */
export type StateEntry = Pick<StepEntry, 'state' | 'patches' | 'stateVersion' | 'deleted' | 'change'>;

/** A small change of a large state. */
interface ToldChange {
  readonly patches: readonly StatePatch[];
  readonly patchBytes: number;
  /** Those of the state behind it. */
  readonly bytes: number;
}

/** A state as a head has it, with its last changes, if such are kept. */
export interface StateInHead extends StoredState {
  readonly changes?: StateHistory;
}

/**
 * The state of one entity, and how records and heads say it: small as a whole; of a large one what has changed.
 *
 * A small state is whole in the head, and changes in the records behind that. A larger one is in the object store, and changes are
 * in the head and the records behind it, until there are so many that it is stored anew. One in between, which still fits a message, is
 * there once it goes on changing by little (docs/adr/0057).
 */
export class EntityState {
  readonly #limits: ValueLimits;
  /** What the log says; undefined also: it is not fetched yet. */
  #value: Json | undefined;
  /** Where the state is, when it is too large for a message, */
  #reference: ValueReference | undefined;
  /** and what has changed since it was stored there. */
  #patches: readonly StatePatch[];
  #patchBytes: number;
  /** How many small changes in a row there were of a state that is in the head, as far as this owner knows. */
  #smallChanges = 0;
  #storesApart = false;
  #version: number;
  /** The bytes of the value's JSON text; undefined: not counted. */
  #bytes: number | undefined;
  /** The state after the last step, and what its record says in place of it, until that is applied. */
  #ahead: { readonly value: Json | undefined; readonly told: ToldChange | undefined } | undefined;
  /** Undefined: no change was noted. */
  #history: KeptChanges | undefined;

  constructor(
    { state, stateRef, patches = none, stateVersion = FIRST_VERSION, changes }: StateInHead,
    limits: ValueLimits,
  ) {
    this.#limits = limits;
    if (changes) this.#history = this.#kept(changes);
    this.#value = state;
    this.#reference = stateRef;
    this.#patches = patches;
    this.#patchBytes = patches.length === 0 ? 0 : bytesOf(patches);
    this.#version = stateVersion;
  }

  /** The state; undefined: it does not exist, or is not fetched yet. */
  get value(): Json | undefined {
    return this.#value;
  }

  /** The version of its schema. */
  get version(): number {
    return this.#version;
  }

  get exists(): boolean {
    return this.#value !== undefined || this.#reference !== undefined;
  }

  /** What has to be fetched before anything can be done with it. */
  get missing(): ValueReference | undefined {
    return this.#value === undefined ? this.#reference : undefined;
  }

  /** Whether the state that the last step has made of it is to be stored apart, although it fits a message. */
  get storesApart(): boolean {
    return this.#storesApart;
  }

  holds(key: string): boolean {
    return this.#reference?.key === key;
  }

  /** As a head has it. */
  get stored(): StateInHead {
    const [reference, state, changes] = [this.#reference, this.#value, this.#history?.stored];
    if (!reference && state === undefined) return {};
    const more = { ...(this.#version > FIRST_VERSION && { stateVersion: this.#version }), ...(changes && { changes }) };
    if (!reference) return { state: state!, ...more };
    return { stateRef: reference, ...(this.#patches.length > 0 && { patches: this.#patches }), ...more };
  }

  /** Takes what was missing. Throws CorruptHistoryError. False: nothing was. */
  receive(fetched: FetchedValues): boolean {
    if (!this.missing) return false;
    const base = fetched.of(this.missing);
    this.#value = this.#patches.length === 0 ? base : patched(base, this.#patches);
    return true;
  }

  /** What the record of a step says that has made another state of it; `maker`: what it notes of that. */
  become(next: Json | undefined, version: number, maker?: ChangeMaker): StateEntry {
    this.expect(next);
    this.#storesApart = false;
    if (next === undefined) return { deleted: true };
    const change = this.#changeTo(next, maker !== undefined);
    const former = this.#value === undefined ? undefined : { value: this.#value, version: this.#version };
    const noted = maker && { change: (this.#history ??= this.#kept()).note(maker, former, change?.undo) };
    const told = change && version === this.#version ? this.#told(change) : undefined;
    if (told && this.#isKept(told)) {
      this.#ahead = { value: next, told };
      return { patches: told.patches, ...noted };
    }
    this.#storesApart = told !== undefined && this.#goesApart(told.bytes);
    return { state: next, ...(version > FIRST_VERSION && { stateVersion: version }), ...noted };
  }

  /** The value of the state that is taken in next. */
  expect(value: Json | undefined): void {
    this.#ahead = { value, told: undefined };
  }

  /** What the last step has made of it is not recorded. */
  stay(): void {
    this.#ahead = undefined;
  }

  /** Takes in what a record says; the key of a value that is named no more. */
  apply(entry: StateEntry & Pick<StepEntry, 'stateRef'>): string | undefined {
    const { deleted, state, stateRef, patches, stateVersion = FIRST_VERSION, change } = entry;
    if (!deleted && state === undefined && !stateRef && !patches) return undefined;
    if (change) this.#history ??= this.#kept();
    this.#history?.apply(change);
    if (patches) return this.#applyChange(patches);
    const dropped = this.#reference?.key;
    this.#value = stateRef ? this.#ahead?.value : state;
    this.#reference = stateRef;
    this.#patches = none;
    this.#patchBytes = 0;
    this.#smallChanges = 0;
    this.#version = stateVersion;
    this.#bytes = stateRef?.bytes;
    this.#ahead = undefined;
    return dropped;
  }

  #kept(changes?: StateHistory): KeptChanges {
    return new KeptChanges(changes, this.#limits.inline / HISTORY_SHARE);
  }

  #applyChange(patches: readonly StatePatch[]): undefined {
    if (!this.exists) throw new CorruptHistoryError('A state has changed that is not there');
    if (this.#ahead) this.#value = this.#ahead.value;
    else if (this.#value !== undefined) this.#value = patched(this.#value, patches);
    const told = this.#ahead?.told;
    this.#bytes = told?.bytes;
    this.#ahead = undefined;
    if (!this.#reference) return void this.#smallChanges++;
    this.#patches = [...this.#patches, ...patches];
    this.#patchBytes += told?.patchBytes ?? bytesOf(patches);
  }

  /** What has changed, if that is little and somebody wants to know. */
  #changeTo(next: Json, isNoted: boolean): StateChange | undefined {
    if (this.#value === undefined) return undefined;
    const tellable = this.#countIfLarge(this.#value) / CHANGE_SHARE;
    const most = isNoted ? Math.max(tellable, this.#limits.inline / HISTORY_SHARE) : tellable;
    return most === 0 ? undefined : changeBetween(this.#value, next, most);
  }

  /** The bytes of a state of which the records say what has changed; 0: it is too small for that. */
  #countIfLarge(value: Json): number {
    const least = this.#limits.inline / LEAST_SHARE;
    if (this.#bytes === undefined && weighs(value, least)) this.#bytes = bytesOf(value);
    return this.#bytes !== undefined && this.#bytes >= least ? this.#bytes : 0;
  }

  /** What a record may say of a change in place of the state; undefined: it is not little, or the state is not large. */
  #told(change: StateChange): ToldChange | undefined {
    const former = this.#countIfLarge(this.#value!);
    if (former === 0) return undefined;
    const { patches } = change;
    const told = { patches, patchBytes: bytesOf(patches), bytes: former + growthBy(change) };
    return told.patchBytes <= told.bytes / CHANGE_SHARE ? told : undefined;
  }

  /** Whether the state may stay where it is stored, with these changes behind it. */
  #isKept({ patches, patchBytes, bytes }: ToldChange): boolean {
    const { inline, largest } = this.#limits;
    if (!this.#reference) return bytes <= inline && !this.#goesApart(bytes);
    if (bytes <= inline / APART_SHARE || bytes > largest || 2 * bytes < this.#reference.bytes) return false;
    const length = this.#patches.length + patches.length;
    return length <= CHAIN_PATCHES && this.#patchBytes + patchBytes <= inline / CHAIN_SHARE;
  }

  /** Whether a state of so many bytes, another small change behind it, is to be stored apart even if it fits a message. */
  #goesApart(bytes: number): boolean {
    const isChangingByLittle = this.#reference !== undefined || this.#smallChanges >= SMALL_CHANGES;
    return isChangingByLittle && bytes > this.#limits.inline / APART_SHARE;
  }
}

const none: readonly never[] = [];

/** How many bytes a state's JSON text grows by; a comma too many where something was empty goes when it is empty again. */
function growthBy({ patches, undo }: StateChange): number {
  return sizeOf(patches) - sizeOf(undo);
}

/** What patches bring. */
function sizeOf(patches: readonly StatePatch[]): number {
  let bytes = 0;
  for (const { op, path, value } of patches) {
    if (value === undefined) continue;
    bytes += bytesOf(value);
    const key = path.at(-1)!;
    if (op === 'add') bytes += typeof key === 'string' ? bytesOf(key) + 2 : 1;
  }
  return bytes;
}

function bytesOf(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}
