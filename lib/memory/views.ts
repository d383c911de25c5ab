import type { StoredMessage, Views } from '../engine/ports.js';
import { refuseTooLarge } from '../wire/body-limit.js';
import type { MemoryConnection } from './connection.js';
import type { MemoryStream } from './stream.js';
import { matchesSubject } from './subject-pattern.js';

/** The state stream of a partition in memory. */
export class MemoryViews implements Views {
  readonly #connection: MemoryConnection;
  readonly #stream: MemoryStream;

  constructor(
    connection: MemoryConnection,
    readonly partition: number,
  ) {
    this.#connection = connection;
    this.#stream = connection.hub.streams(partition).state;
  }

  read(subject: string): Promise<StoredMessage | undefined> {
    return this.#connection.read(this.#call('read'), () => this.#stream.latest(subject));
  }

  async write(subject: string, body: Uint8Array, after: number): Promise<number | undefined> {
    refuseTooLarge(body, this.#connection.maxBodyBytes);
    const sent = body.slice();
    const answer = await this.#connection.call(this.#call('write'), () =>
      this.#stream.store(subject, sent, this.#connection.hub.world.time, { after }),
    );
    return answer?.value;
  }

  async remove(sequence: number): Promise<void> {
    await this.#connection.read(this.#call('remove'), () => this.#stream.remove(sequence));
  }

  async *scan(pattern: string): AsyncIterable<StoredMessage> {
    yield* await this.#connection.read(this.#call('scan'), () =>
      [...this.#stream.all()].filter((message) => matchesSubject(pattern, message.subject)),
    );
  }

  #call(operation: string) {
    return { partition: this.partition, port: 'views', operation } as const;
  }
}
