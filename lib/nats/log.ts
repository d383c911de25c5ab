import type { Log, StoredMessage } from '../engine/ports.js';
import type { JetStream } from './jetstream.js';
import { readAhead } from './read-ahead.js';
import type { PartitionSubjects } from '../wire/subjects.js';

/** How many records are asked for at a time. */
const WINDOW = 16;

/** The commit log of a partition on JetStream. */
export class NatsLog implements Log {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #subject: string;

  constructor(
    jetStream: JetStream,
    subjects: PartitionSubjects,
    readonly replicas: number,
  ) {
    this.#jetStream = jetStream;
    this.#stream = subjects.streamName('log');
    this.#subject = subjects.log;
  }

  append(body: Uint8Array, after: number): Promise<number | undefined> {
    return this.#jetStream.store(this.#subject, body, { after });
  }

  last(): Promise<StoredMessage | undefined> {
    return this.#jetStream.get(this.#stream, { last_by_subj: this.#subject });
  }

  async *read(from: number, to: number): AsyncIterable<StoredMessage> {
    const { state } = await this.#jetStream.info(this.#stream);
    const [first, last] = [Math.max(from, state.first_seq), Math.min(to, state.last_seq)];
    const get = (sequence: number) => () => this.#jetStream.get(this.#stream, { seq: sequence });
    for await (const record of readAhead(WINDOW, sequences(first, last, get))) if (record) yield record;
  }

  async purgeBelow(sequence: number): Promise<void> {
    const last = await this.last();
    if (last) await this.#jetStream.purgeBelow(this.#stream, Math.min(sequence, last.sequence));
  }

  async restartAt(sequence: number): Promise<void> {
    await this.#jetStream.purgeBelow(this.#stream, sequence);
  }
}

function* sequences<T>(first: number, last: number, make: (sequence: number) => T): Generator<T> {
  for (let sequence = first; sequence <= last; sequence++) yield make(sequence);
}
