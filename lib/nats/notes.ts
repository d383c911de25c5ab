import type { Note } from '../engine/ports.js';
import { NOTE_HEADER, type JetStream } from './jetstream.js';
import { PullConsumer } from './pull-consumer.js';

/** So many notes are asked for at a time. */
const BATCH = 2_000;

/** The wait before a consumer is replaced that delivered nothing, in milliseconds. */
const PAUSE = 100;

/**
 * What is noted of the messages of a stream from a sequence on whose subjects match a pattern, in order, up to an instant
 * at which nothing followed. Only headers travel, so that long bodies cost nothing. A consumer that is lost is replaced by
 * one that begins behind the last message seen.
 */
export async function* notes(
  jetStream: JetStream,
  stream: string,
  pattern: string,
  from: number,
): AsyncIterable<readonly Note[]> {
  for (let next = from; ;) {
    await jetStream.session.whenConnected();
    const begin = next;
    const reader = new NotesReader(jetStream, stream, pattern);
    try {
      await reader.start(next);
      for (let batch = await reader.read(); batch; batch = await reader.read()) {
        yield batch;
        next = batch.at(-1)!.sequence + 1;
      }
      if (reader.isAtEnd) return;
    } finally {
      reader.close();
    }
    if (next === begin) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Reads notes with one consumer, as long as it lasts. */
class NotesReader {
  readonly #source: PullConsumer;
  #arrived: Note[] = [];
  #delivery = 0;
  #isLost = false;
  #isAtEnd = false;
  #wake = (): void => {};

  constructor(jetStream: JetStream, stream: string, pattern: string) {
    const lose = (): void => {
      this.#isLost = true;
      this.#wake();
    };
    const settings = { pattern, headersOnly: true, batch: BATCH, isImpatient: true } as const;
    this.#source = new PullConsumer(
      jetStream,
      stream,
      {
        onMessage: ({ sequence, subject }, { place, headers }) => {
          // Sequences have holes where other subjects are; the consumer's own count has none.
          if (place.delivery !== this.#delivery + 1 || this.#isLost) return lose();
          this.#delivery++;
          const note = headers?.get(NOTE_HEADER);
          this.#arrived.push({ sequence, subject, ...(note && { note }) });
          this.#isAtEnd = place.pending === 0;
          this.#wake();
        },
        onPullEnded: (isDry) => {
          // The server's count of what waits may be wrong where messages are written over.
          this.#isAtEnd ||= isDry;
          if (this.#isAtEnd) this.#wake();
          else this.#source.pull();
        },
        onLost: lose,
      },
      settings,
    );
  }

  /** Whether nothing followed the last note. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  async start(from: number): Promise<void> {
    if ((await this.#source.start(from)) === 0) this.#isAtEnd = true;
    else this.#source.pull();
  }

  /** What has arrived since the last call, as soon as there is something; undefined: nothing more comes. */
  async read(): Promise<readonly Note[] | undefined> {
    while (this.#arrived.length === 0) {
      if (this.#isAtEnd || this.#isLost) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const batch = this.#arrived;
    this.#arrived = [];
    return batch;
  }

  close(): void {
    this.#source.close();
  }
}
