import type {
  Logger,
  LossListener,
  MailSender,
  Mailbox,
  OnRefused,
  StoredMessage,
  Subscription,
} from '../engine/ports.js';
import { refuseTooLarge } from '../wire/body-limit.js';
import { checkMessageId } from '../wire/checks.js';
import type { MemoryConnection } from './connection.js';
import { full } from './full.js';
import type { PortCall } from './faults.js';
import type { MemoryStream } from './stream.js';

/** A batch holds at most this many messages and, but for its last message, bytes. */
const BATCH_MESSAGES = 500;
const BATCH_BYTES = 1_048_576;

/** A consumer that falls silent is replaced after so many virtual milliseconds. */
const WATCHDOG = 5_000;

/** Sends to a stream in memory. */
export class MemorySender implements MailSender {
  readonly #sending: Omit<PortCall, 'connection'>;
  readonly #streamNow: () => MemoryStream;

  constructor(
    protected readonly connection: MemoryConnection,
    sending: Omit<PortCall, 'connection'>,
    streamNow: () => MemoryStream,
  ) {
    this.#sending = sending;
    this.#streamNow = streamNow;
  }

  protected get stream(): MemoryStream {
    return this.#streamNow();
  }

  async send(
    subject: string,
    body: Uint8Array,
    messageId?: string,
    onRefused?: OnRefused,
  ): Promise<number | undefined> {
    refuseTooLarge(body, this.connection.maxBodyBytes);
    if (messageId !== undefined) checkMessageId(messageId);
    const sent = body.slice();
    const answer = await this.connection.call(
      { ...this.#sending, bytes: sent.length },
      () => this.stream.store(subject, sent, this.connection.hub.world.time, { messageId }),
      undefined,
      () => onRefused?.(full(`the stream of ${subject}`)),
    );
    return answer?.value;
  }
}

/** Sends to a partition's mail stream in memory. */
export class MemoryMailSender extends MemorySender {
  constructor(
    connection: MemoryConnection,
    protected readonly partition: number,
  ) {
    super(connection, { partition, port: 'mailbox', operation: 'send' }, () => connection.hub.streams(partition).mail);
  }

  protected call(operation: string) {
    return { partition: this.partition, port: 'mailbox', operation } as const;
  }
}

/** The mail stream of a partition in memory. */
export class MemoryMailbox extends MemoryMailSender implements Mailbox {
  readonly #logger: Logger;

  constructor(connection: MemoryConnection, partition: number, logger: Logger) {
    super(connection, partition);
    this.#logger = logger;
  }

  consume(
    from: number,
    onBatch: (batch: readonly StoredMessage[]) => Promise<void>,
    losses: LossListener,
  ): Subscription {
    let isOpen = true;
    const deliverAll = async (): Promise<void> => {
      for (let next = from; isOpen;) {
        const taken = await this.connection.read(this.call('consume'), () => this.#take(next));
        if (!isOpen) return;
        if ('regressed' in taken) return losses.onRegressed(taken.regressed, next);
        if ('arrival' in taken) {
          await taken.arrival;
          continue;
        }
        if (taken.first > next) losses.onGap(next, taken.first - 1);
        next = taken.first + taken.batch.length;
        if (taken.batch.length > 0) await onBatch(taken.batch);
      }
    };
    deliverAll().catch((error: unknown) => {
      // A closed connection ends the delivery; anything else came out of a listener.
      if (this.connection.isOpen)
        this.#logger.error('Delivery of mail stopped', { instance: `${this.partition}`, error: String(error) });
    });
    return {
      close: () => {
        isOpen = false;
      },
    };
  }

  async *read(from: number): AsyncIterable<StoredMessage> {
    yield* await this.connection.read(this.call('read'), () => [...this.stream.from(from)]);
  }

  timeOf(sequence: number): Promise<number | undefined> {
    return this.connection.read(this.call('timeOf'), () => this.stream.get(sequence)?.time);
  }

  bounds(): Promise<{ readonly first: number; readonly last: number }> {
    return this.connection.read(this.call('bounds'), () => ({ first: this.stream.first, last: this.stream.last }));
  }

  async purgeBelow(sequence: number): Promise<void> {
    await this.connection.read(this.call('purgeBelow'), () => this.stream.purgeBelow(sequence));
  }

  restartAt(sequence: number): Promise<number> {
    return this.connection.read(this.call('restartAt'), () => this.stream.restartAt(sequence));
  }

  /** The next batch, or, when there is nothing yet, a promise that ends when something was stored. */
  #take(next: number): Taken {
    const { first, last } = this.stream;
    if (last < next - 1) return { regressed: last + 1 };
    const batch = takeBatch(this.stream.from(next));
    if (batch[0]) return { first: batch[0].sequence, batch };
    if (first > next) return { first, batch };
    return {
      arrival: new Promise((resolve) => {
        this.stream.onArrival(() => this.#announce(resolve));
      }),
    };
  }

  /** A consumer may fall silent: its watchdog finds that out and makes another. */
  #announce(arrived: () => void): void {
    const { world } = this.connection.hub;
    const fault = world.faults.next({ connection: this.connection.name, ...this.call('announce') });
    if (typeof fault === 'object') this.connection.deliver(arrived, fault.delay ?? fault.answer);
    else if (fault === 'none') this.connection.deliver(arrived);
    else this.connection.deliver(arrived, WATCHDOG);
  }
}

type Taken =
  | { readonly first: number; readonly batch: readonly StoredMessage[] }
  | { readonly arrival: Promise<void> }
  | { readonly regressed: number };

/** Consecutive messages: what is missing between two of them is told of. */
function takeBatch(messages: Iterable<StoredMessage>): StoredMessage[] {
  const batch: StoredMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (batch[0] && message.sequence !== batch[0].sequence + batch.length) break;
    batch.push(message);
    bytes += message.body.length;
    if (batch.length === BATCH_MESSAGES || bytes >= BATCH_BYTES) break;
  }
  return batch;
}
