import { decodeStored, formatVersion } from './body.js';
import type { Address } from './messages.js';
import { pageName } from './parked-codec.js';
import { count, list, object, oneOf } from './shapes.js';
import { encodeText } from './text-encoding.js';

/** Which pages of notes there are of a partition's heads (docs/adr/0068). */
export interface NotePages {
  readonly v: 1;
  /** Entries that are not what is stored any more, about. */
  readonly stale: number;
  /** In the order of their entries. Each head that is stored at or below the last entry's sequence stands in one of them. */
  readonly pages: readonly NotePageReference[];
}

/** A page of notes. */
export interface NotePageReference {
  /** The epoch of who made it, and a number. */
  readonly name: string;
  readonly sequence: number;
  /** The sequence of its last entry, and how many it has. */
  readonly last: number;
  readonly entries: number;
}

/** What was noted of a head. */
export interface PagedNote {
  readonly sequence: number;
  readonly subject: string;
  readonly note: string | undefined;
}

export function encodeNotePages(directory: NotePages): Uint8Array {
  return encodeText(JSON.stringify(directory));
}

/** Throws CorruptHistoryError or VersionTooNewError. */
export function decodeNotePages(body: Uint8Array, where: string): NotePages {
  return decodeStored(body, where, directory);
}

const page = object<NotePageReference>({ name: pageName, sequence: count, last: count, entries: count });
const directory = object<NotePages>({ v: oneOf(1), stale: count, pages: list(page) });

/** A page is lines of text, so that most of its entries need not be read: the format, and one for each entry. */
const FIRST_LINE = `{"v":${formatVersion}}\n`;

/** The line of an entry. */
export function noteLine(sequence: number, address: Address, note: string | undefined): string {
  // Notes are of one line; what stands there instead is not told, so that the head is read.
  return note === undefined || note.includes('\n') ? `${sequence} ${address}\n` : `${sequence} ${address} ${note}\n`;
}

/** A page of these lines. */
export function encodeNotePage(lines: readonly string[]): Uint8Array {
  return encodeText(FIRST_LINE + lines.join(''));
}

/** The entries of a page; `head` is what the subjects of heads begin with. Undefined: it is none that this version can read. */
export function decodeNotePage(body: Uint8Array, head: string): readonly PagedNote[] | undefined {
  const text = utf8.decode(body);
  if (!text.startsWith(FIRST_LINE) || !text.endsWith('\n')) return undefined;
  const entries: PagedNote[] = [];
  for (let at = FIRST_LINE.length, end: number; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at);
    const address = text.indexOf(' ', at) + 1;
    if (address === 0 || address > end) return undefined;
    const space = text.indexOf(' ', address);
    const isNoted = space > 0 && space < end;
    entries.push({
      sequence: Number(text.slice(at, address - 1)),
      subject: head + text.slice(address, isNoted ? space : end),
      note: isNoted ? text.slice(space + 1, end) : undefined,
    });
  }
  return entries;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
