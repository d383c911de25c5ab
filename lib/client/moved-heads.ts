import type { Note, StoredMessage, Views } from '../engine/ports.js';

/** So many heads are read at a time. */
const WIDTH = 64;

/** Reads the heads of these, so many at a time. */
export async function readAll<T extends { readonly subject: string }>(
  views: Views,
  wanted: readonly T[],
  take: (stored: StoredMessage | undefined, of: T) => void,
): Promise<void> {
  const waiting = wanted.values();
  const reader = async (): Promise<void> => {
    for (const one of waiting) take(await views.read(one.subject), one);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, wanted.length) }, reader));
}

/** Heads that pages of notes tell of, and that have been stored anew since: a scan meets them again behind that place. */
export class Moved {
  readonly #subjects = new Set<string>();

  /** The scan has come to these. */
  meet(notes: readonly Note[]): void {
    if (this.#subjects.size > 0) for (const { subject } of notes) this.#subjects.delete(subject);
  }

  /**
   * Those of a page's notes whose heads are stored where the page says. A leader that knows of an older one only was deposed:
   * it goes no further back than that the note is right.
   */
  async stillThere(views: Views, notes: readonly Note[]): Promise<readonly Note[]> {
    const there = new Set<Note>();
    await readAll(views, notes, (stored, note) => {
      if (!stored) return;
      if (stored.sequence <= note.sequence) there.add(note);
      else this.#subjects.add(note.subject);
    });
    return notes.filter((note) => there.has(note));
  }

  /** Those that the scan has not met: a replica told of the notes that did not know them yet. In the order of storing. */
  async missed(views: Views): Promise<readonly StoredMessage[]> {
    const found: StoredMessage[] = [];
    const missing = Array.from(this.#subjects, (subject) => ({ subject }));
    await readAll(views, missing, (stored) => void (stored && found.push(stored)));
    return found.toSorted((a, b) => a.sequence - b.sequence);
  }
}
