import { refuseTooLarge } from '../wire/body-limit.js';
import type { StoredMessage, Views } from '../engine/ports.js';
import type { PartitionSubjects } from '../wire/subjects.js';
import type { JetStream } from './jetstream.js';
import { readAhead } from './read-ahead.js';

/** A scan looks at ranges of about so many messages, and at so many ranges at a time. */
const RANGE_MESSAGES = 64;
const RANGES_AT_A_TIME = 16;

/** The state stream of a partition on JetStream. All reads are the leader's (P11). */
export class NatsViews implements Views {
  readonly #jetStream: JetStream;
  readonly #stream: string;

  constructor(jetStream: JetStream, subjects: PartitionSubjects) {
    this.#jetStream = jetStream;
    this.#stream = subjects.streamName('state');
  }

  read(subject: string): Promise<StoredMessage | undefined> {
    return this.#jetStream.get(this.#stream, { last_by_subj: subject });
  }

  async write(subject: string, body: Uint8Array, after: number): Promise<number | undefined> {
    refuseTooLarge(body, this.#jetStream.session.maxBodyBytes);
    return this.#jetStream.store(subject, body, { after });
  }

  async remove(sequence: number): Promise<void> {
    await this.#jetStream.remove(this.#stream, sequence);
  }

  /** A message rewritten during the scan comes at its new sequence, perhaps also at its former one before. */
  async *scan(pattern: string): AsyncIterable<StoredMessage> {
    const { state } = await this.#jetStream.info(this.#stream);
    const size = Math.ceil((state.last_seq - state.first_seq + 1) / Math.ceil(state.messages / RANGE_MESSAGES || 1));
    const ranges = rangesOf(
      state.first_seq,
      state.last_seq,
      size,
      (from, to) => () => this.#scanRange(pattern, from, to),
    );
    for await (const found of readAhead(RANGES_AT_A_TIME, ranges)) yield* found;
    yield* await this.#scanRange(pattern, state.last_seq + 1, Infinity);
  }

  async #scanRange(pattern: string, from: number, to: number): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    for (let next = from; next <= to;) {
      const message = await this.#jetStream.get(this.#stream, { seq: next, next_by_subj: pattern });
      if (!message || message.sequence > to) break;
      found.push(message);
      next = message.sequence + 1;
    }
    return found;
  }
}

function* rangesOf<T>(first: number, last: number, size: number, make: (from: number, to: number) => T): Generator<T> {
  for (let from = first; from <= last; from += size) yield make(from, Math.min(from + size - 1, last));
}
