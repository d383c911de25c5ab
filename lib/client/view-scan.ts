import type { HubPorts, Note, Views } from '../engine/ports.js';
import { decodeHead } from '../wire/head-codec.js';
import type { Head } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import { Moved, readAll } from './moved-heads.js';
import { notePages } from './note-pages.js';

/** Where a scan stands: from this sequence on in the state stream of a partition, and in all partitions behind that. */
export interface ScanPosition {
  readonly partition: number;
  readonly sequence: number;
}

/** The beginning of all scans. */
export const START: ScanPosition = { partition: 0, sequence: 1 };

/** Something whose view was found. */
export interface Found {
  /** Behind it. */
  readonly next: ScanPosition;
}

/** What is found, batch by batch. */
export type Scan<F extends Found> = AsyncGenerator<readonly F[], void>;

/** What a scan needs of the hub. */
export type ScannedPorts = Pick<HubPorts, 'partitions' | 'subjects' | 'viewsOf'>;

/** What is looked for, by the summary `S` that a note or a head has of it. */
export interface Search<S, F extends Found> {
  /** A pattern of the addresses. */
  readonly addresses: string;
  /** False: what has this address and note does not fit. It is quicker to ask than to read the note. */
  mayFit(address: Address, note: string | undefined): boolean;
  /** What a note says; undefined: nothing that this version can read, so that the head has to be read. */
  ofNote(note: string | undefined): S | undefined;
  /** What a head says; undefined: it is of something else. */
  ofHead(head: Head): S | undefined;
  /** What is told of it; undefined: it does not fit. */
  found(address: Address, summary: S, next: ScanPosition): F | undefined;
}

/** With more than one in so many of a page's notes that fit, reading their heads takes longer than the notes themselves. */
const DENSE = 16;

/**
 * What fits, as the views say, each once: that of a partition in the order in which the views were stored. What is there from the beginning to the end is found, however often it changes meanwhile: a view that is written
 * over moves to the end of its stream, where it is met again. Yields what is found together, also nothing, so that whoever
 * scans can stop.
 */
export async function* scanViews<S, F extends Found>(
  ports: ScannedPorts,
  search: Search<S, F>,
  from: ScanPosition = START,
): Scan<F> {
  let ahead: Begun<F> | undefined;
  try {
    for (let { partition, sequence } = from; partition < ports.partitions; partition++, sequence = 1) {
      const scan = ahead ?? new Begun(findIn(ports, search, { partition, sequence }, false));
      ahead = undefined;
      let batches = 0;
      for await (const found of scan) {
        // Whoever wants more than a little is likely to want the next partition too: its server need not wait for that.
        if (++batches === 2 && partition + 1 < ports.partitions)
          ahead = new Begun(findIn(ports, search, { partition: partition + 1, sequence: 1 }, true));
        yield found;
      }
    }
  } finally {
    ahead?.close();
  }
}

/** A scan that has begun before anybody takes what it finds. */
class Begun<F extends Found> implements AsyncIterable<readonly F[]> {
  readonly #scan: Scan<F>;
  readonly #first: ReturnType<Scan<F>['next']>;

  constructor(scan: Scan<F>) {
    this.#scan = scan;
    this.#first = scan.next();
    this.#first.catch(() => {}); // whoever takes is told
  }

  async *[Symbol.asyncIterator](): Scan<F> {
    try {
      for (let next = await this.#first; next.done !== true; next = await this.#scan.next()) yield next.value;
    } finally {
      await this.#scan.return();
    }
  }

  close(): void {
    this.#scan.return().catch(() => {});
  }
}

async function* findIn<S, F extends Found>(
  ports: ScannedPorts,
  search: Search<S, F>,
  { partition, sequence }: ScanPosition,
  wantsMany: boolean,
): Scan<F> {
  const subjects = ports.subjects.partition(partition);
  const views = ports.viewsOf(partition);
  const firstOfAddress = subjects.head('').length;
  const addressOf = (subject: string): Address => subject.slice(firstOfAddress);
  const seen = new Set<string>();
  const possible = (notes: readonly Note[]): readonly Note[] =>
    notes.filter(({ subject, note }) => search.mayFit(addressOf(subject), note) && !seen.has(subject));
  const found = ({ subject, sequence: at }: Note, summary: S | undefined): F | undefined =>
    summary === undefined ? undefined : search.found(addressOf(subject), summary, { partition, sequence: at + 1 });
  const tell = (notes: readonly Note[], summaries: readonly (S | undefined)[]): readonly F[] =>
    notes.flatMap((note, index): readonly F[] => {
      const told = seen.has(note.subject) ? undefined : found(note, summaries[index]);
      if (!told) return [];
      seen.add(note.subject);
      return [told];
    });

  const pattern = subjects.head(search.addresses);
  const prefix = pattern.slice(0, pattern.indexOf('*'));
  const moved = new Moved();
  let [from, isMany] = [sequence, wantsMany];
  for await (const { notes, last } of notePages(views, subjects, sequence)) {
    moved.meet(notes);
    const ofKind = possible(notes.filter(({ subject }) => subject.startsWith(prefix)));
    const fitting = ofKind.filter((note) => {
      const summary = search.ofNote(note.note);
      return summary === undefined || found(note, summary) !== undefined;
    });
    // What many fit is found sooner in the notes themselves, which need not be held against the heads.
    if (fitting.length * DENSE > notes.length) break;
    const current = await moved.stillThere(views, fitting);
    const summaries = current.map(({ note }) => search.ofNote(note));
    await readMissing(search, views, current, summaries);
    yield tell(current, summaries);
    [from, isMany] = [last + 1, true];
  }
  for await (const notes of views.notes(pattern, from, isMany)) {
    moved.meet(notes);
    const those = possible(notes);
    const summaries = those.map(({ note }) => search.ofNote(note));
    await readMissing(search, views, those, summaries);
    yield tell(those, summaries);
  }
  const missed = await moved.missed(views);
  if (missed.length > 0)
    yield tell(
      missed,
      missed.map(({ subject, body }) => search.ofHead(decodeHead(body, `The head ${subject}`))),
    );
}

/** Fills in the summaries of heads whose notes say nothing, from the heads; none of what is something else, or is gone. */
async function readMissing<S>(
  search: Pick<Search<S, Found>, 'ofHead'>,
  views: Views,
  notes: readonly Note[],
  summaries: (S | undefined)[],
): Promise<void> {
  const missing = notes.flatMap(({ subject }, index) => (summaries[index] ? [] : [{ subject, index }]));
  await readAll(views, missing, (stored, { subject, index }) => {
    if (stored) summaries[index] = search.ofHead(decodeHead(stored.body, `The head ${subject}`));
  });
}

/** Takes what a scan finds, so many at a time. */
export class ScanReader<F extends Found> {
  readonly #scan: Scan<F>;
  #left: F[] = [];

  constructor(scan: Scan<F>) {
    this.#scan = scan;
  }

  /** The next ones, at least one and at most so many; undefined: there are no more, or nobody waits for them. */
  async take(most: number, isWanted: () => boolean): Promise<readonly F[] | undefined> {
    while (this.#left.length === 0) {
      const { done, value } = await this.#scan.next();
      if (done === true || !isWanted()) return undefined;
      this.#left = [...value];
    }
    return this.#left.splice(0, most);
  }

  /** Ends the scan, as soon as it is not waiting for anything. */
  close(): void {
    this.#scan.return().catch(() => {}); // whoever takes is told
  }
}
