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

/** The changes that a class keeps take this at most, 64 KiB. */
const HISTORY_SHARE = 4;

/** What the record of a step says of a state. */
export type StateEntry = Pick<StepEntry, 'state' | 'patches' | 'stateVersion' | 'deleted' | 'change'>;

/** A state as a head has it, with its last changes, if such are kept. */
export interface StateInHead extends StoredState {
  readonly changes?: StateHistory;
}

/**
 * The state of one entity, and how records and heads say it: small as a whole; of a large one what has changed.
 *
 * A state that fits a message is whole in the head, and changes in the records behind that. A larger one is in the object store,
 * and changes are in the head and the records behind it, until there are so many that it is stored anew (docs/adr/0057).
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
  #version: number;
  /** The bytes of the value's JSON text; undefined: not counted. */
  #bytes: number | undefined;
  /** The state after the last step and its bytes, until that is applied. */
  #ahead: { readonly value: Json | undefined; readonly bytes: number | undefined } | undefined;
  readonly #history: KeptChanges;

  constructor(
    { state, stateRef, patches = none, stateVersion = FIRST_VERSION, changes }: StateInHead,
    limits: ValueLimits,
  ) {
    this.#limits = limits;
    this.#history = new KeptChanges(changes, limits.inline / HISTORY_SHARE);
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

  holds(key: string): boolean {
    return this.#reference?.key === key;
  }

  /** As a head has it. */
  get stored(): StateInHead {
    const [reference, state, changes] = [this.#reference, this.#value, this.#history.stored];
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
    if (next === undefined) return { deleted: true };
    const change = this.#changeTo(next, maker !== undefined);
    const former = this.#value === undefined ? undefined : { value: this.#value, version: this.#version };
    const noted = maker && { change: this.#history.note(maker, former, change?.undo) };
    if (change && version === this.#version && this.#isTold(next, change)) return { patches: change.patches, ...noted };
    return { state: next, ...(version > FIRST_VERSION && { stateVersion: version }), ...noted };
  }

  /** The value of the state that is taken in next. */
  expect(value: Json | undefined): void {
    this.#ahead = { value, bytes: undefined };
  }

  /** What the last step has made of it is not recorded. */
  stay(): void {
    this.#ahead = undefined;
  }

  /** Takes in what a record says; the key of a value that is named no more. */
  apply(entry: StateEntry & Pick<StepEntry, 'stateRef'>): string | undefined {
    const { deleted, state, stateRef, patches, stateVersion = FIRST_VERSION, change } = entry;
    if (!deleted && state === undefined && !stateRef && !patches) return undefined;
    this.#history.apply(change);
    if (patches) return this.#applyChange(patches);
    const dropped = this.#reference?.key;
    this.#value = stateRef ? this.#ahead?.value : state;
    this.#reference = stateRef;
    this.#patches = none;
    this.#patchBytes = 0;
    this.#version = stateVersion;
    this.#bytes = undefined;
    this.#ahead = undefined;
    return dropped;
  }

  #applyChange(patches: readonly StatePatch[]): undefined {
    if (!this.exists) throw new CorruptHistoryError('A state has changed that is not there');
    if (this.#ahead) this.#value = this.#ahead.value;
    else if (this.#value !== undefined) this.#value = patched(this.#value, patches);
    this.#bytes = this.#ahead?.bytes;
    this.#ahead = undefined;
    if (!this.#reference) return;
    this.#patches = [...this.#patches, ...patches];
    this.#patchBytes += bytesOf(patches);
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

  /** Whether the record says what has changed. */
  #isTold(next: Json, change: StateChange): boolean {
    const former = this.#countIfLarge(this.#value!);
    const bytes = former + growthBy(change);
    if (former === 0 || !this.#isKept(change.patches, bytes)) return false;
    this.#ahead = { value: next, bytes };
    return true;
  }

  /** Whether the state may stay where it is stored, with these changes behind it, which make so many bytes of it. */
  #isKept(patches: readonly StatePatch[], bytes: number): boolean {
    const { inline, largest } = this.#limits;
    const patchBytes = bytesOf(patches);
    if (patchBytes > bytes / CHANGE_SHARE) return false;
    if (!this.#reference) return bytes <= inline;
    if (bytes <= inline || bytes > largest || 2 * bytes < this.#reference.bytes) return false;
    const length = this.#patches.length + patches.length;
    return length <= CHAIN_PATCHES && this.#patchBytes + patchBytes <= inline / CHAIN_SHARE;
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

/** Whether the JSON text of a value has at least so many characters, as far as that is seen without making it. */
function weighs(value: Json, least: number): boolean {
  return weigh(value, least) <= 0;
}

/** What is left of a weight when a value is taken from it; it is not gone through to its end when nothing is. */
function weigh(value: Json, left: number): number {
  if (typeof value === 'string') return left - value.length - 2;
  if (typeof value !== 'object' || value === null) return left - 1;
  let rest = left - 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && rest > 0; at++) rest = weigh(value[at] as Json, rest - 1);
    return rest;
  }
  for (const key of Object.keys(value)) {
    if (rest <= 0) return rest;
    rest = weigh((value as Readonly<Record<string, Json>>)[key]!, rest - key.length - 4);
  }
  return rest;
}
