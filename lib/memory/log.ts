import type { Log, StoredMessage } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import { refuseTooLarge } from '../wire/body-limit.js';
import type { MemoryStream } from './stream.js';

/** How many records one read returns at most. */
const PAGE = 16;

/** A deposed leader may answer for so long, in virtual milliseconds; it lacks at most so many records. */
const STALE = 1_000;
const MOST_STALE = 5;

/** The commit log of a partition in memory. */
export class MemoryLog implements Log {
  readonly #connection: MemoryConnection;
  readonly #stream: MemoryStream;
  readonly #subject: string;

  constructor(
    connection: MemoryConnection,
    readonly partition: number,
  ) {
    this.#connection = connection;
    this.#stream = connection.hub.streams(partition).log;
    this.#subject = connection.hub.subjects.partition(partition).log;
  }

  get replicas(): number {
    return this.#connection.hub.replicas;
  }

  async append(body: Uint8Array, after: number): Promise<number | undefined> {
    refuseTooLarge(body, this.#connection.maxBodyBytes);
    const sent = body.slice();
    const answer = await this.#connection.call({ ...this.#call('append'), bytes: sent.length }, () =>
      this.#stream.store(this.#subject, sent, this.#connection.hub.world.time, { after }),
    );
    return answer?.value;
  }

  last(): Promise<StoredMessage | undefined> {
    const last = (): StoredMessage | undefined => this.#stream.latest(this.#subject);
    return this.#connection.read(this.#call('last'), last, () => (this.replicas > 1 ? this.#stale() : last()));
  }

  /** As a deposed leader of several replicas has it: it does not know what has just been appended. */
  #stale(): StoredMessage | undefined {
    const { time } = this.#connection.hub.world;
    const known = [...this.#stream.from(this.#stream.last - MOST_STALE)];
    return known.findLast((record) => time - record.time >= STALE) ?? known[0];
  }

  async *read(from: number, to: number): AsyncIterable<StoredMessage> {
    let next = from;
    do {
      const page = await this.#connection.read(this.#call('read'), () => takePage(this.#stream.from(next), to));
      yield* page;
      const last = page.at(-1);
      if (!last) return;
      next = last.sequence + 1;
    } while (next <= to);
  }

  async purgeBelow(sequence: number): Promise<void> {
    await this.#connection.read(this.#call('purgeBelow'), () =>
      this.#stream.purgeBelow(Math.min(sequence, this.#stream.last)),
    );
  }

  async restartAt(sequence: number): Promise<void> {
    await this.#connection.read(this.#call('restartAt'), () => this.#stream.restartAt(sequence));
  }

  #call(operation: string) {
    return { partition: this.partition, port: 'log', operation } as const;
  }
}

function takePage(messages: Iterable<StoredMessage>, to: number): StoredMessage[] {
  const page: StoredMessage[] = [];
  for (const message of messages) {
    if (message.sequence > to || page.length === PAGE) break;
    page.push(message);
  }
  return page;
}
