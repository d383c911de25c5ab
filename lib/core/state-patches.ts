import { enablePatches, Immer } from 'immer';
import { CorruptHistoryError } from '../errors.js';
import { isArray } from './json-equal.js';
import { weighs } from './json-weight.js';
import type { Json } from './values.js';

enablePatches();

/** Stored states are frozen where they are kept. */
const immer = new Immer({ autoFreeze: false });

/**
 * One change of a state, as immer writes them: what is at a path becomes another value, comes there (in an array: before what is
 * there) or goes.
 */
export interface StatePatch {
  readonly op: 'add' | 'remove' | 'replace';
  /** Keys of objects and places in arrays, from the outermost; never empty. */
  readonly path: readonly (string | number)[];
  /** Absent: it goes. */
  readonly value?: Json;
}

/** What leads from one state to another, and back. */
export interface StateChange {
  readonly patches: readonly StatePatch[];
  /** In the order in which they are applied to the later state. */
  readonly undo: readonly StatePatch[];
}

/**
 * The state that patches make of another, which stays as it is; they share what is the same. Throws CorruptHistoryError when they
 * are none of it.
 */
export function patched(state: Json, patches: readonly StatePatch[]): Json {
  try {
    return immer.applyPatches(state as object, patches as never) as Json;
  } catch (cause) {
    throw new CorruptHistoryError(`The changes of a state do not fit it: ${String(cause)}`, { cause });
  }
}

/**
 * What leads from one stored state to another exactly, the order of keys included; undefined: one as a whole is of another kind, or
 * the change takes more characters than that, so that the whole state is what to keep.
 */
export function changeBetween(before: Json, after: Json, most: number): StateChange | undefined {
  const comparison = new Comparison(most);
  try {
    comparison.compare(before, after, []);
  } catch (error) {
    if (error === tooMuch) return undefined;
    throw error;
  }
  return { patches: comparison.patches, undo: comparison.undo.toReversed() };
}

type Path = StatePatch['path'];
type Members = Readonly<Record<string, Json>>;

/** Thrown where a comparison is given up. */
const tooMuch = new Error('The change is too large');

/** About what a patch takes beside its path and its value. */
const FIELDS = 24;

class Comparison {
  readonly patches: StatePatch[] = [];
  /** The other way round. */
  readonly undo: StatePatch[] = [];
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  compare(before: Json, after: Json, path: Path): void {
    if (before === after) return;
    if (isArray(before) && isArray(after)) this.#compareItems(before, after, path);
    else if (isObject(before) && isObject(after) && keepsOrder(before, after))
      this.#compareMembers(before, after, path);
    else this.#replace(before, after, path);
  }

  #compareMembers(before: Members, after: Members, path: Path): void {
    for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) this.#remove(before[key]!, [...path, key]);
    for (const key of Object.keys(after)) {
      if (before[key] === after[key]) continue;
      const at = [...path, key];
      if (!Object.hasOwn(before, key)) this.#add(after[key]!, at);
      else if (key !== 'constructor') this.compare(before[key]!, after[key]!, at);
      else if (!isSame(before[key]!, after[key]!)) this.#replace(before[key]!, after[key]!, at); // no path leads through it
    }
  }

  /** What they begin and end with alike stays; what is between is compared one by one, and the rest goes or comes. */
  #compareItems(before: readonly Json[], after: readonly Json[], path: Path): void {
    const shorter = Math.min(before.length, after.length);
    let start = 0;
    while (start < shorter && isSame(before[start]!, after[start]!)) start++;
    let end = 0;
    while (end < shorter - start && isSame(before[before.length - 1 - end]!, after[after.length - 1 - end]!)) end++;
    for (let at = start; at < shorter - end; at++)
      if (before[at] !== after[at]) this.compare(before[at]!, after[at]!, [...path, at]);
    for (let at = before.length - end - 1; at >= shorter - end; at--) this.#remove(before[at]!, [...path, at]);
    for (let at = shorter - end; at < after.length - end; at++) this.#add(after[at]!, [...path, at]);
  }

  #replace(before: Json, after: Json, path: Path): void {
    if (path.length === 0) throw tooMuch;
    this.#note({ op: 'replace', path, value: after }, { op: 'replace', path, value: before });
  }

  #add(after: Json, path: Path): void {
    this.#note({ op: 'add', path, value: after }, { op: 'remove', path });
  }

  #remove(before: Json, path: Path): void {
    this.#note({ op: 'remove', path }, { op: 'add', path, value: before });
  }

  #note(patch: StatePatch, back: StatePatch): void {
    this.#left -= FIELDS + JSON.stringify(patch.path).length;
    if (this.#left < 0 || (patch.value !== undefined && weighs(patch.value, this.#left + 1))) throw tooMuch;
    if (patch.value !== undefined) this.#left -= JSON.stringify(patch.value).length;
    if (this.#left < 0) throw tooMuch;
    this.patches.push(patch);
    this.undo.push(back);
  }
}

/** Whether taking keys away and adding others behind gives the keys of the later one in their order. */
function keepsOrder(before: Members, after: Members): boolean {
  const [former, later] = [Object.keys(before), Object.keys(after)];
  if (former.length === later.length && former.every((key, at) => key === later[at])) return true;
  const rest = later.filter(isOrdered).values();
  const kept = former.filter((key) => isOrdered(key) && Object.hasOwn(after, key));
  const added = later.filter((key) => isOrdered(key) && !Object.hasOwn(before, key));
  return [...kept, ...added].every((key) => key === rest.next().value);
}

/** Whether a key stands where it was put: whole numbers come first, by their size. */
function isOrdered(key: string): boolean {
  return !/^(?:0|[1-9][0-9]{0,9})$/.test(key) || Number(key) > 4_294_967_294;
}

/** Whether two values are the same, the order of keys included. */
function isSame(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, at) => isSame(item, b[at]!));
  if (!isObject(a) || !isObject(b)) return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  return keys.length === others.length && keys.every((key, at) => key === others[at] && isSame(a[key]!, b[key]!));
}

function isObject(value: Json): value is Members {
  return typeof value === 'object' && value !== null && !isArray(value);
}
