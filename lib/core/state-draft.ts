import { enablePatches, Immer, isDraft, isDraftable, type Patch } from 'immer';
import { jsonEqual } from './json-equal.js';
import type { Json } from './values.js';

enablePatches();

/** What user code put into its state stays the user's: only the stored copy is frozen. */
const immer = new Immer({ autoFreeze: false });

/**
 * The state of an entity while one operation may change it. It is assigned to the `state` field of the user's object
 * and taken from there again; the field may have been assigned anew meanwhile.
 */
export class StateDraft {
  readonly #base: Json | undefined;
  readonly #holder: { state: unknown };
  /** A draft of the base, or the base itself when it is a primitive, which cannot be changed in place. */
  readonly #draft: unknown;

  constructor(base: Json | undefined, holder: { state: unknown }) {
    this.#base = base;
    this.#holder = holder;
    this.#draft = isDraftable(base) ? immer.createDraft(base as object) : base;
    holder.state = this.#draft;
  }

  /**
   * The state as it is now in the form that `store` gives it, or the base when nothing changed. References to the draft
   * that user code kept are dead from now on, and the holder's state is frozen. When `store` throws, the draft is to be discarded.
   */
  finish(store: (state: unknown) => Json | undefined): Json | undefined {
    const next = this.#isReplaced() ? this.#finishReplaced(store) : this.#finishDraft(store);
    this.#holder.state = next;
    return next;
  }

  /** As `finish`, for a state that must be as it was. */
  hasChanged(store: (state: unknown) => Json | undefined): boolean {
    return this.finish(store) !== this.#base;
  }

  /** Puts the base back, if it can: code may have frozen its object. What it does to the draft now reaches nobody. */
  discard(): void {
    try {
      this.#holder.state = this.#base;
    } catch {
      // The object is of no use any more, and nobody looks at it.
    }
  }

  #isReplaced(): boolean {
    return this.#holder.state !== this.#draft || !isDraft(this.#draft);
  }

  #finishReplaced(store: (state: unknown) => Json | undefined): Json | undefined {
    const next = store(this.#holder.state); // before the draft ends: parts of it may be in the new state
    if (isDraft(this.#draft)) immer.finishDraft(this.#draft as object);
    return jsonEqual(next, this.#base) ? this.#base : next;
  }

  #finishDraft(store: (state: unknown) => Json | undefined): Json | undefined {
    let changes: readonly Patch[] = [];
    const next: unknown = immer.finishDraft(this.#draft as object, (patches) => (changes = patches));
    return changes.length === 0 ? this.#base : store(next);
  }
}
