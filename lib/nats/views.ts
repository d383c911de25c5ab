import type { Note, StoredMessage, Views } from '../engine/ports.js';
import type { PartitionSubjects } from '../wire/subjects.js';
import type { JetStream } from './jetstream.js';
import { notes } from './notes.js';
import { scan } from './scan.js';

/** The state stream of a partition on JetStream. All reads but that of notes are the leader's (P11). */
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

  write(subject: string, body: Uint8Array, after: number, note?: string): Promise<number | undefined> {
    // The first message of a subject takes no place: that it would costs the server a purge that finds nothing.
    return this.#jetStream.store(subject, body, { after, note, replaces: after > 0 });
  }

  async remove(subject: string, sequence: number): Promise<void> {
    await this.#jetStream.purgeBelow(this.#stream, sequence + 1, subject);
  }

  scan(pattern: string, known?: number): AsyncIterable<StoredMessage> {
    return scan(this.#jetStream, this.#stream, pattern, known);
  }

  subjects(pattern: string, known?: number): AsyncIterable<string> {
    return this.#jetStream.subjects(this.#stream, pattern, known);
  }

  notes(pattern: string, from: number, wantsMany = false): AsyncIterable<readonly Note[]> {
    return notes(this.#jetStream, this.#stream, pattern, from, wantsMany);
  }
}
