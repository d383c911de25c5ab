import type { Addressed, ChannelEntry } from '../wire/messages.js';
import type { PartlyReceived } from '../wire/record.js';
import type { PartitionTables } from './tables.js';

/** How far a channel is received: up to entry `n`, and of the entry behind it so many messages (P7). */
export interface ChannelMark {
  readonly from: number;
  readonly n: number;
  readonly partly: PartlyReceived | undefined;
}

/** What an envelope brings that is new: its messages with their indexes, and how far its channel is received then. */
interface Taken {
  readonly messages: readonly (readonly [index: number, message: Addressed])[];
  /** Undefined: nothing is new. */
  readonly mark: ChannelMark | undefined;
}

/** The marks of the channels from other partitions as of the last delivery, ahead of the tables (C4, C5). */
export class ChannelMarks {
  readonly #marks = new Map<number, ChannelMark>();

  constructor({ received, partly }: Pick<PartitionTables, 'received' | 'partly'>) {
    for (const from of [...received.keys(), ...partly.keys()])
      this.#marks.set(from, { from, n: received.get(from) ?? 0, partly: partly.get(from) });
  }

  /** Whether whole entries, of which the first has this predecessor, follow the mark. */
  precedes(from: number, prev: number): boolean {
    const { n, partly } = this.#markOf(from);
    return n === prev && !partly;
  }

  /** Whole entries that follow the mark are taken, up to one. */
  passed(from: number, n: number): void {
    this.#marks.set(from, { from, n, partly: undefined });
  }

  #markOf(from: number): ChannelMark {
    return this.#marks.get(from) ?? { from, n: 0, partly: undefined };
  }

  /** Takes what follows the mark; copies are passed over, and so is all behind a gap. */
  take(from: number, entries: readonly ChannelEntry[]): Taken {
    const before = this.#markOf(from);
    const messages: [number, Addressed][] = [];
    let [mark, index]: [ChannelMark, number] = [before, 0];
    for (const entry of entries) {
      const known = knownOf(entry, mark);
      for (const [at, message] of entry.messages.entries()) if (at >= known) messages.push([index + at, message]);
      index += entry.messages.length;
      if (known < entry.messages.length || (isEmptyReset(entry) && entry.n > mark.n)) mark = markBehind(entry, mark);
    }
    if (mark === before) return { messages, mark: undefined };
    this.#marks.set(from, mark);
    return { messages, mark };
  }
}

/** How many of an entry's messages, the first ones, are passed over: all when it is a copy or does not follow the mark. */
function knownOf({ n, prev, part, reset, messages }: ChannelEntry, mark: ChannelMark): number {
  const have = mark.partly?.[0] === n ? mark.partly[1] : 0;
  const known = have - (part?.[0] ?? 0);
  return n > mark.n && (prev === mark.n || reset) && known >= 0 ? known : messages.length;
}

/** A sender that has lost records may have nothing else to say than that its channel begins anew. */
function isEmptyReset({ reset, messages }: ChannelEntry): boolean {
  return reset === true && messages.length === 0;
}

function markBehind({ n, part, messages }: ChannelEntry, { from, n: before }: ChannelMark): ChannelMark {
  const [first, all] = part ?? [0, messages.length];
  const have = first + messages.length;
  return have < all ? { from, n: before, partly: [n, have] } : { from, n, partly: undefined };
}
