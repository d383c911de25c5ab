import type { Note } from '../engine/ports.js';
import { directNotes } from './direct-notes.js';
import { NOTE_HEADER, type JetStream } from './jetstream.js';
import { PullConsumer } from './pull-consumer.js';
import type { ReceivedMessage } from './session.js';

/** So many notes are asked for at first by those who want few, and else at a time. */
const FEW = 500;
const MANY = 10_000;

/** The wait before a consumer is replaced that delivered nothing, in milliseconds. */
const PAUSE = 100;

/**
 * What is noted of the messages of a stream from a sequence on whose subjects match a pattern, in order, up to an instant
 * at which nothing followed. Only headers travel, so that long bodies cost nothing. A consumer that is lost is replaced by
 * one that begins behind the last message seen. Who may not have consumers reads the messages themselves.
 */
export async function* notes(
  jetStream: JetStream,
  stream: string,
  pattern: string,
  from: number,
  wantsMany: boolean,
): AsyncIterable<readonly Note[]> {
  for (let next = from; ;) {
    await jetStream.session.whenConnected();
    if (!(await jetStream.mayCreateConsumers(stream))) return yield* directNotes(jetStream, stream, pattern, next);
    const begin = next;
    const reader = new NotesReader(jetStream, stream, pattern);
    try {
      await reader.start(next, wantsMany ? MANY : FEW);
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

/** Reads notes with one consumer, as long as it lasts: while what a pull brought has not been read there is no other. */
class NotesReader {
  readonly #source: PullConsumer;
  #arrived: Note[] = [];
  #delivery = 0;
  #isPulling = false;
  #isLost = false;
  #isAtEnd = false;
  #wake = (): void => {};

  constructor(jetStream: JetStream, stream: string, pattern: string) {
    const lose = (): void => {
      this.#isLost = true;
      this.#wake();
    };
    const settings = { pattern, headersOnly: true, isImpatient: true } as const;
    this.#source = new PullConsumer(
      jetStream,
      stream,
      {
        onMessage: (message, { sequence, delivery, pending }) => {
          // Sequences have holes where other subjects are; the consumer's own count has none.
          if (delivery !== this.#delivery + 1 || this.#isLost) return lose();
          this.#delivery++;
          this.#arrived.push({ sequence, subject: message.subject, note: noteIn(message) });
          this.#isAtEnd = pending === 0;
          this.#wake();
        },
        onPullEnded: (isDry) => {
          // The server's count of what waits may be wrong where messages are written over.
          this.#isAtEnd ||= isDry;
          this.#isPulling = false;
          this.#wake();
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

  async start(from: number, batch: number): Promise<void> {
    if ((await this.#source.start(from)) === 0) this.#isAtEnd = true;
    else this.#pull(batch);
  }

  /** What has arrived since the last call, as soon as there is something; undefined: nothing more comes. */
  async read(): Promise<readonly Note[] | undefined> {
    while (this.#arrived.length === 0) {
      if (this.#isAtEnd || this.#isLost) return undefined;
      this.#pull(MANY);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const batch = this.#arrived;
    this.#arrived = [];
    if (!this.#isAtEnd && !this.#isLost) this.#pull(MANY);
    return batch;
  }

  #pull(batch: number): void {
    if (this.#isPulling) return;
    this.#isPulling = true;
    this.#source.pull(batch);
  }

  close(): void {
    this.#source.close();
  }
}

/** The client library makes an object of all headers, which takes as long as all else of a message. Its version is pinned. */
interface MessageInternals {
  readonly _msg: { readonly hdr: number };
  readonly _rdata: Uint8Array;
}

const decoder = new TextDecoder();
const name = `\r\n${NOTE_HEADER}: `;

/** The note among the headers of a message. */
function noteIn(message: ReceivedMessage): string | undefined {
  const { _msg, _rdata } = message as unknown as MessageInternals;
  const headers = decoder.decode(_rdata.subarray(0, _msg.hdr));
  const at = headers.indexOf(name);
  return at < 0 ? undefined : headers.slice(at + name.length, headers.indexOf('\r\n', at + name.length));
}
