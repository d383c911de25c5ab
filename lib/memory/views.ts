import type { Note, StoredMessage, Views } from '../engine/ports.js';
import { refuseTooLarge } from '../wire/body-limit.js';
import type { MemoryConnection } from './connection.js';
import type { MemoryStream, StoreOptions } from './stream.js';
import { subjectMatcher } from './subject-pattern.js';

/** A deposed leader may answer for so many virtual milliseconds after a write. */
const STALE = 1_000;
/** What one lists may be so old, in virtual milliseconds. */
const LISTED = 3_000;

/** A write of this process, and what it replaced. */
interface Written {
  readonly sequence: number;
  readonly at: number;
  readonly before: StoredMessage | undefined;
}

/** The state stream of a partition in memory. */
export class MemoryViews implements Views {
  readonly #connection: MemoryConnection;
  readonly #stream: MemoryStream;
  readonly #written = new Map<string, Written>();

  constructor(
    connection: MemoryConnection,
    readonly partition: number,
  ) {
    this.#connection = connection;
    this.#stream = connection.hub.streams(partition).state;
  }

  read(subject: string): Promise<StoredMessage | undefined> {
    return this.#connection.read(
      this.#call('read'),
      () => this.#stream.latest(subject),
      () => this.#stale(subject),
    );
  }

  async write(subject: string, body: Uint8Array, after: number, note?: string): Promise<number | undefined> {
    refuseTooLarge(body, this.#connection.maxBodyBytes);
    const sent = body.slice();
    const call = { ...this.#call('write'), bytes: sent.length };
    const answer = await this.#connection.call(call, () => this.#store(subject, sent, { after, note }));
    return answer?.value;
  }

  #store(subject: string, body: Uint8Array, options: StoreOptions): number | undefined {
    const { world } = this.#connection.hub;
    const before = this.#stream.latest(subject);
    const sequence = this.#stream.store(subject, body, world.time, options);
    if (sequence !== undefined) this.#written.set(subject, { sequence, at: world.scheduler.now, before });
    return sequence;
  }

  /** As it was before the last write, if that is this process's own and has just been. */
  #stale(subject: string): StoredMessage | undefined {
    const now = this.#stream.latest(subject);
    const written = this.#written.get(subject);
    const isNew = written && this.#connection.hub.world.scheduler.now - written.at < STALE;
    return isNew && written.sequence === now?.sequence ? written.before : now;
  }

  async remove(subject: string, sequence: number): Promise<void> {
    await this.#connection.read(this.#call('remove'), () => this.#remove(subject, sequence));
  }

  #remove(subject: string, sequence: number): void {
    const latest = this.#stream.latest(subject);
    if (latest && latest.sequence <= sequence) this.#stream.remove(latest.sequence);
  }

  async *scan(pattern: string, known = 0): AsyncIterable<StoredMessage> {
    yield* await this.#list('scan', known, subjectMatcher(pattern));
  }

  async *subjects(pattern: string, known = 0): AsyncIterable<string> {
    for (const { subject } of await this.#list('subjects', known, subjectMatcher(pattern))) yield subject;
  }

  /** As the leader has it, or a deposed one of several replicas: who does not know of `known` is asked again. */
  async #list(
    operation: string,
    known: number,
    matches: (subject: string) => boolean,
  ): Promise<readonly StoredMessage[]> {
    const { replicas, world } = this.#connection.hub;
    const isWanted = ({ subject }: StoredMessage) => matches(subject);
    const now = () => ({ last: this.#stream.last, messages: [...this.#stream.all()].filter(isWanted) });
    const former = () => {
      const { last, messages } = this.#stream.asOf(world.scheduler.now - LISTED);
      return { last, messages: messages.filter(isWanted) };
    };
    for (;;) {
      const { last, messages } = await this.#connection.read(this.#call(operation), now, replicas > 1 ? former : now);
      if (last >= known) return messages;
    }
  }

  async *notes(pattern: string, from: number): AsyncIterable<readonly Note[]> {
    const matches = subjectMatcher(pattern);
    const found = await this.#connection.read(this.#call('notes'), () =>
      [...this.#stream.from(from)].filter(({ subject }) => matches(subject)),
    );
    if (found.length > 0) yield found.map(({ sequence, subject, note }) => ({ sequence, subject, note }));
  }

  #call(operation: string) {
    return { partition: this.partition, port: 'views', operation } as const;
  }
}
