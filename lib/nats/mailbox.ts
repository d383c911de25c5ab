import type {
  LossListener,
  Logger,
  MailSender,
  Mailbox,
  OnRefused,
  StoredMessage,
  Subscription,
} from '../engine/ports.js';
import { boundsOf, type JetStream } from './jetstream.js';
import { MailConsumer } from './mail-consumer.js';
import { readAhead } from './read-ahead.js';

/** How many messages are asked for at a time. */
const READ_AHEAD = 16;

/** Sends to mail streams: the subject says to which. */
export class NatsMailSender implements MailSender {
  readonly #jetStream: JetStream;

  constructor(jetStream: JetStream) {
    this.#jetStream = jetStream;
  }

  send(subject: string, body: Uint8Array, messageId?: string, onRefused?: OnRefused): Promise<number | undefined> {
    return this.#jetStream.store(subject, body, { messageId, onRefused });
  }
}

/** The mail stream of a partition on JetStream. */
export class NatsMailbox extends NatsMailSender implements Mailbox {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #logger: Logger;

  constructor(jetStream: JetStream, stream: string, logger: Logger) {
    super(jetStream);
    this.#jetStream = jetStream;
    this.#stream = stream;
    this.#logger = logger;
  }

  consume(
    from: number,
    onBatch: (batch: readonly StoredMessage[]) => Promise<void>,
    losses: LossListener,
  ): Subscription {
    return new MailConsumer(this.#jetStream, this.#stream, from, onBatch, losses, this.#logger);
  }

  async *read(from: number): AsyncIterable<StoredMessage> {
    const { first, last } = await this.bounds();
    const gets = function* (jetStream: JetStream, stream: string) {
      for (let seq = Math.max(from, first); seq <= last; seq++) yield () => jetStream.get(stream, { seq });
    };
    for await (const message of readAhead(READ_AHEAD, gets(this.#jetStream, this.#stream))) if (message) yield message;
  }

  async timeOf(sequence: number): Promise<number | undefined> {
    return (await this.#jetStream.get(this.#stream, { seq: sequence }))?.time;
  }

  async bounds(): Promise<{ readonly first: number; readonly last: number }> {
    return boundsOf(await this.#jetStream.info(this.#stream));
  }

  async purgeBelow(sequence: number): Promise<void> {
    // Above its end a purge would move the stream's numbering forward.
    const { first, last } = await this.bounds();
    const end = Math.min(sequence, last + 1);
    if (end > first) await this.#jetStream.purgeBelow(this.#stream, end);
  }

  restartAt(sequence: number): Promise<number> {
    return this.#jetStream.purgeBelow(this.#stream, sequence);
  }
}
