import type { Note, Views } from '../engine/ports.js';
import { ClosedError } from '../errors.js';
import { decodeNotePage, decodeNotePages, type NotePageReference } from '../wire/note-pages.js';
import type { PartitionSubjects } from '../wire/subjects.js';

/** The notes of a page, in order. */
export interface NotesOfPage {
  readonly notes: readonly Note[];
  /** Of the last one. */
  readonly last: number;
}

/**
 * The pages of a partition's notes from a sequence on, in order (docs/adr/0068): each head that is stored between that and the
 * last note of the last page has a note in one of them. Others are of heads that have been stored anew since, or removed. What is
 * gone, or cannot be read, ends it, as if there was no more.
 */
export async function* notePages(
  views: Views,
  subjects: PartitionSubjects,
  from: number,
): AsyncGenerator<NotesOfPage, void> {
  const all = await unlessUnreadable(async () => {
    const stored = await views.read(subjects.notePages);
    return stored && decodeNotePages(stored.body, 'The directory of notes').pages;
  });
  const wanted = all?.filter(({ last }) => last >= from) ?? [];
  const read = (page: NotePageReference) => unlessUnreadable(() => readPage(views, subjects, page));
  let next = wanted[0] && read(wanted[0]);
  for (const [at, { last }] of wanted.entries()) {
    const notes = await next;
    if (!notes) return;
    const following = wanted[at + 1];
    next = following && read(following); // while this one is looked at
    yield { notes: at === 0 ? notes.filter(({ sequence }) => sequence >= from) : notes, last };
  }
}

async function readPage(
  views: Views,
  subjects: PartitionSubjects,
  { name, sequence }: NotePageReference,
): Promise<readonly Note[] | undefined> {
  const stored = await views.read(subjects.notePage(name));
  if (stored?.sequence !== sequence) return undefined;
  return decodeNotePage(stored.body, subjects.head(''));
}

/** A client may be without the codec of who made the pages, or older: then it has the notes still. */
async function unlessUnreadable<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ClosedError) throw error;
    return undefined;
  }
}
