import { changeBetween, patched, type StateChange, type StatePatch } from '../core/state-patches.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { Json, ValueReference } from '../core/values.js';
import { CorruptHistoryError } from '../errors.js';
import type { StoredState } from '../wire/entity-state.js';
import type { StepEntry } from '../wire/record.js';
import { utf8Length } from '../wire/text.js';
import type { ValueLimits } from '../wire/value-limits.js';
import type { FetchedValues } from './fetched-values.js';

// Shares of the most that a value in a message has, 256 KiB by default.
/** A state of less than this, 8 KiB, is recorded as a whole whenever it changes. */
const LEAST_SHARE = 32;
/** Changes since a state was stored in the object store take this at most, 32 KiB: they are in each head. */
const CHAIN_SHARE = 8;
/** And there are so many of them at most: a state that is loaded goes through all of them. */
const CHAIN_PATCHES = 1_000;
/** A change is recorded in place of the state when it takes this share of it at most. */
const CHANGE_SHARE = 4;

/** What the record of a step says of a state. */
export type StateEntry = Pick<StepEntry, 'state' | 'patches' | 'stateVersion' | 'deleted'>;

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

  constructor({ state, stateRef, patches = none, stateVersion = FIRST_VERSION }: StoredState, limits: ValueLimits) {
    this.#limits = limits;
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
  get stored(): StoredState {
    const [reference, state] = [this.#reference, this.#value];
    if (!reference && state === undefined) return {};
    const versioned = this.#version > FIRST_VERSION && { stateVersion: this.#version };
    if (!reference) return { state: state!, ...versioned };
    return { stateRef: reference, ...(this.#patches.length > 0 && { patches: this.#patches }), ...versioned };
  }

  /** Takes what was missing. Throws CorruptHistoryError. False: nothing was. */
  receive(fetched: FetchedValues): boolean {
    if (!this.missing) return false;
    const base = fetched.of(this.missing);
    this.#value = this.#patches.length === 0 ? base : patched(base, this.#patches);
    return true;
  }

  /** What the record of a step says that has made another state of it. */
  become(next: Json | undefined, version: number): StateEntry {
    this.#ahead = { value: next, bytes: undefined };
    if (next === undefined) return { deleted: true };
    const change = version === this.#version ? this.#changeTo(next) : undefined;
    if (change) return { patches: change };
    return { state: next, ...(version > FIRST_VERSION && { stateVersion: version }) };
  }

  /** What the last step has made of it is not recorded. */
  stay(): void {
    this.#ahead = undefined;
  }

  /** Takes in what a record says; the key of a value that is named no more. */
  apply({
    deleted,
    state,
    stateRef,
    patches,
    stateVersion = FIRST_VERSION,
  }: StateEntry & Pick<StepEntry, 'stateRef'>): string | undefined {
    if (patches) return this.#applyChange(patches);
    if (!deleted && state === undefined && !stateRef) return undefined;
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

  /** What has changed, if that is what the record is to say. */
  #changeTo(next: Json): readonly StatePatch[] | undefined {
    const before = this.#value;
    if (before === undefined || !weighs(before, this.#limits.inline / LEAST_SHARE)) return undefined;
    this.#bytes ??= bytesOf(before);
    const change = changeBetween(before, next, this.#bytes / CHANGE_SHARE);
    if (!change) return undefined;
    const bytes = this.#bytes + growthBy(change);
    if (!this.#isKept(change.patches, bytes)) return undefined;
    this.#ahead = { value: next, bytes };
    return change.patches;
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
