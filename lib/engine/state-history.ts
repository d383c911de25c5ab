import type { EntityProgram } from '../core/programs.js';
import type { StatePatch } from '../core/state-patches.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { Json } from '../core/values.js';
import type { NotedChange, StateChangeNote, StateHistory } from '../wire/entity-history.js';
import { utf8Length } from '../wire/text.js';

/** The operation that makes a change, and how many changes its class keeps. */
export interface ChangeMaker {
  readonly at: number;
  readonly by: string;
  readonly keep: number;
}

/** Who makes a change, where its class keeps a history. */
export function makerOf(program: EntityProgram | undefined, at: number, by: string): ChangeMaker | undefined {
  const keep = program?.keepHistory;
  return keep === undefined ? undefined : { at, by, keep };
}

/**
 * The last changes of an entity, in its head: each with the way back, so that the oldest can be forgotten at any time. A change that
 * nothing is noted of, by code that keeps no history, ends it.
 */
export class KeptChanges {
  /** They have so many bytes at most. */
  readonly #most: number;
  #last: number;
  #kept: readonly StateChangeNote[];
  #bytes: number;

  constructor({ last, kept }: StateHistory = none, most: number) {
    this.#most = most;
    this.#last = last;
    this.#kept = kept;
    this.#bytes = kept.reduce((sum, change) => sum + bytesOf(change), 0);
  }

  /** As a head has it; undefined: there is none. */
  get stored(): StateHistory | undefined {
    return this.#last === 0 ? undefined : { last: this.#last, kept: this.#kept };
  }

  /** What a step says of a change: of a state that was not there before, or one of a version, and the way back if that is short. */
  note(
    { at, by, keep }: ChangeMaker,
    before: { readonly value: Json; readonly version: number } | undefined,
    undo: readonly StatePatch[] | undefined,
  ): NotedChange {
    if (!before) return { at, by, keep };
    const versioned = before.version > FIRST_VERSION && { formerVersion: before.version };
    const back: NotedChange = undo
      ? { at, by, keep, undo, ...versioned }
      : { at, by, keep, former: before.value, ...versioned };
    return bytesOf(back) > this.#most ? { at, by, keep, cut: true } : back;
  }

  /** A step has changed the state. */
  apply(noted: NotedChange | undefined): void {
    if (!noted) return this.#forgetAll();
    const { keep, ...change } = noted;
    this.#last++;
    this.#kept = [...(change.cut ? [] : this.#kept), change];
    this.#bytes = (change.cut ? 0 : this.#bytes) + bytesOf(change);
    let first = 0;
    while (first < this.#kept.length && (this.#kept.length - first > keep || this.#bytes > this.#most))
      this.#bytes -= bytesOf(this.#kept[first++]!);
    if (first > 0) this.#kept = this.#kept.slice(first);
  }

  #forgetAll(): void {
    this.#last = 0;
    this.#kept = [];
    this.#bytes = 0;
  }
}

const none: StateHistory = { last: 0, kept: [] };

function bytesOf(value: object): number {
  return utf8Length(JSON.stringify(value));
}
