import {
  decodeNotePages,
  encodeNotePage,
  encodeNotePages,
  noteLine,
  type NotePageReference,
  type NotePages,
} from '../wire/note-pages.js';
import { isUnreadable } from './damage.js';
import type { HeadChanges } from './head-changes.js';
import { removeLeftBehind } from './left-behind.js';
import type { PartitionPorts } from './ports.js';

/** So many heads behind the pages are worth pages of their own. */
const WORTH_PAGES = 2_000;
/** A page ends when it has so many bytes. */
const PAGE = 128 * 1024;

/** The directory, and where it is stored; at 0: nowhere. */
interface StoredPages {
  readonly sequence: number;
  readonly directory: NotePages;
  /** Not all pages that it names are there. */
  readonly isTorn: boolean;
}

/**
 * Makes pages of the notes of a partition's heads, for those who look for some among many (docs/adr/0068). Nothing rests on
 * who makes them: what stood at a sequence when it was read stands there as long as it is stored at all, so that entries can
 * become stale and never wrong. What fails is given up, and looked at again the next time.
 */
export class NotePageMaker {
  readonly #ports: Pick<PartitionPorts, 'views' | 'subjects' | 'maxBodyBytes'>;
  readonly #epoch: number;
  readonly #changes: HeadChanges;
  /** As it was stored last; undefined: that has to be looked at. */
  #stored: StoredPages | undefined;
  readonly #worth: number;
  #made = 0;
  #isStopped = false;

  /** @param worth so many heads are worth pages. */
  constructor(
    ports: Pick<PartitionPorts, 'views' | 'subjects' | 'maxBodyBytes'>,
    epoch: number,
    changes: HeadChanges,
    worth = WORTH_PAGES,
  ) {
    this.#worth = worth;
    this.#ports = ports;
    this.#epoch = epoch;
    this.#changes = changes;
  }

  /** Whether there may be something to do. */
  get isDue(): boolean {
    return this.#changes.behind >= this.#worth || this.#isWorn;
  }

  /** Most of the entries are stale. */
  get #isWorn(): boolean {
    const entries = this.#stored?.directory.pages.reduce((sum, page) => sum + page.entries, 0) ?? 0;
    return this.#changes.stale > Math.max(0, entries - this.#changes.stale) + this.#worth;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Makes pages of what no page covers, if it is enough, or all of them anew; `moved` is told that it has come on. Rejects when
   * something is not stored.
   */
  async make(moved = (): void => {}): Promise<void> {
    try {
      await this.#make((this.#stored ??= await this.#look()), moved);
    } catch (error) {
      this.#stored = undefined;
      throw error;
    }
  }

  async #make(stored: StoredPages, moved: () => void): Promise<void> {
    const changes = this.#changes;
    const isAnew = stored.isTorn || this.#isWorn;
    const former = stored.directory.pages;
    const kept = isAnew ? [] : former;
    const { behind, stale } = changes;
    const made = await this.#read(lastOf(kept) + 1, isAnew, moved);
    if (!made) return;
    if (made.pages.length > 0 || isAnew) {
      const pages = [...kept, ...made.pages];
      const left = changes.stale - (isAnew ? stale : 0);
      await this.#replace({ v: 1, stale: left, pages }, stored.sequence);
      changes.stale -= isAnew ? stale : 0;
      changes.covered = lastOf(pages);
    }
    changes.behind += made.unpaged - behind;
    const { views, subjects } = this.#ports;
    if (isAnew) for (const { name, sequence } of former) await views.remove(subjects.notePage(name), sequence);
  }

  /** The stored directory. Removes pages that nothing names, but for those of later owners. */
  async #look(): Promise<StoredPages> {
    const { views, subjects } = this.#ports;
    const found = await views.read(subjects.notePages);
    const directory = found ? readable(found.body) : EMPTY;
    const missing = new Set(directory.pages.map(({ name }) => subjects.notePage(name)));
    const former = { epoch: this.#epoch + 1, known: found?.sequence ?? 0 }; // what I could not name is of no use either
    await removeLeftBehind(views, subjects.notePage(''), former, (subject) => missing.delete(subject));
    this.#changes.stale += this.#changes.covered === 0 ? directory.stale : 0;
    this.#changes.covered = lastOf(directory.pages);
    return { sequence: found?.sequence ?? 0, directory, isTorn: missing.size > 0 };
  }

  /**
   * Reads the notes from a sequence on, and makes pages of them; too few are left as they are, unless all are made anew.
   * Undefined: it was stopped.
   */
  async #read(
    from: number,
    isAnew: boolean,
    moved: () => void,
  ): Promise<{ readonly pages: readonly NotePageReference[]; readonly unpaged: number } | undefined> {
    const { views, subjects, maxBodyBytes } = this.#ports;
    const most = Math.min(PAGE, maxBodyBytes / 2);
    const prefix = subjects.head('').length;
    const full: Lines[] = [];
    const pages: NotePageReference[] = [];
    let lines = new Lines();
    let count = 0;
    const store = async (): Promise<void> => {
      for (const page of full.splice(0)) pages.push(await this.#storePage(page));
    };
    for await (const notes of views.notes(subjects.heads, from, true)) {
      if (this.#isStopped) return undefined;
      moved();
      count += notes.length;
      for (const { sequence, subject, note } of notes) {
        lines.add(noteLine(sequence, subject.slice(prefix), note), sequence);
        if (lines.length < most) continue;
        full.push(lines);
        lines = new Lines();
      }
      if (count >= this.#worth || isAnew) await store();
    }
    if (count < this.#worth && !isAnew) return { pages: [], unpaged: count };
    if (lines.length > 0) full.push(lines);
    await store();
    return { pages, unpaged: 0 };
  }

  async #storePage({ texts, last }: Lines): Promise<NotePageReference> {
    const { views, subjects } = this.#ports;
    const name = `${this.#epoch}.${this.#made++}`;
    const subject = subjects.notePage(name);
    const sequence = (await views.write(subject, encodeNotePage(texts), 0)) ?? (await views.read(subject))?.sequence; // the name is mine alone
    if (sequence === undefined) throw new Error(`${subject} is not stored`);
    return { name, sequence, last, entries: texts.length };
  }

  async #replace(directory: NotePages, after: number): Promise<void> {
    const { views, subjects } = this.#ports;
    const body = encodeNotePages(directory);
    const sequence = (await views.write(subjects.notePages, body, after)) ?? (await this.#sequenceOf(body));
    if (sequence === undefined) throw new Error(`${subjects.notePages} is not stored, or somebody else has stored it`);
    this.#stored = { sequence, directory, isTorn: false };
  }

  /** Where a directory is stored whose writing was unclear. Its pages are mine alone. */
  async #sequenceOf(body: Uint8Array): Promise<number | undefined> {
    const found = await this.#ports.views.read(this.#ports.subjects.notePages);
    return found && utf8.decode(found.body) === utf8.decode(body) ? found.sequence : undefined;
  }
}

/** The lines of a page that is being filled. */
class Lines {
  readonly texts: string[] = [];
  /** In characters, which are bytes but for a few. */
  length = 0;
  last = 0;

  add(text: string, sequence: number): void {
    this.texts.push(text);
    this.length += text.length;
    this.last = sequence;
  }
}

const utf8 = new TextDecoder();
const EMPTY: NotePages = { v: 1, stale: 0, pages: [] };

/** What cannot be read is replaced. */
function readable(body: Uint8Array): NotePages {
  try {
    return decodeNotePages(body, 'The directory of notes');
  } catch (error) {
    if (isUnreadable(error)) return EMPTY;
    throw error;
  }
}

function lastOf(pages: readonly NotePageReference[]): number {
  return pages.at(-1)?.last ?? 0;
}
