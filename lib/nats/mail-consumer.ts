import type { Logger, LossListener, StoredMessage, Subscription } from '../engine/ports.js';
import { ClosedError } from '../errors.js';
import { boundsOf, type JetStream } from './jetstream.js';
import { PullConsumer } from './pull-consumer.js';

/** The wait before a consumer is replaced that delivered nothing, in milliseconds. */
const PAUSE = 100;
/** How often a stream that seems to have lost messages is looked at. */
const LOOKS = 20;

/**
 * Delivers a mail stream without holes (P3). Consecutive sequences are handed on; at a jump, at a disconnect and when the
 * consumer falls silent it is replaced by one that begins after the last consecutive sequence. Only the stream's leader
 * can say that a sequence does not exist.
 *
 * At most one pull of messages waits here while the batch before it is being handled.
 */
export class MailConsumer implements Subscription {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #onBatch: (batch: readonly StoredMessage[]) => Promise<void>;
  readonly #losses: LossListener;
  readonly #logger: Logger;
  #next: number;
  #queue: StoredMessage[] = [];
  #handling: Promise<void> | undefined;
  #source: PullConsumer | undefined;
  #isOpen = true;

  constructor(
    jetStream: JetStream,
    stream: string,
    from: number,
    onBatch: (batch: readonly StoredMessage[]) => Promise<void>,
    losses: LossListener,
    logger: Logger,
  ) {
    this.#jetStream = jetStream;
    this.#stream = stream;
    this.#next = from;
    this.#onBatch = onBatch;
    this.#losses = losses;
    this.#logger = logger;
    this.#run().catch((error: unknown) => this.#fail(error));
  }

  close(): void {
    this.#isOpen = false;
    this.#source?.close();
  }

  async #run(): Promise<void> {
    while (this.#isOpen) {
      await this.#jetStream.session.whenConnected();
      const from = this.#next;
      await this.#look();
      if (!this.#isOpen) return;
      const reason = await this.#follow();
      if (!this.#isOpen) return;
      this.#logger.debug(`Consumer of mail is replaced: ${reason}`, { instance: this.#stream, next: this.#next });
      if (this.#next === from) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Takes messages from a new consumer until it is lost; why. */
  async #follow(): Promise<string> {
    let lose = (_reason: string): void => {};
    const lost = new Promise<string>((resolve) => (lose = resolve));
    const source: PullConsumer = new PullConsumer(this.#jetStream, this.#stream, {
      onMessage: ({ subject, data }, { sequence, time }) => {
        if (sequence === this.#next) return this.#take({ sequence, time, subject, body: data });
        source.close();
        const reason = `${sequence} came instead of ${this.#next}`;
        if (sequence > this.#next) return lose(reason);
        void this.#wentBack(sequence).then(
          () => lose(reason),
          (error: unknown) => this.#fail(error),
        );
      },
      onPullEnded: () => this.#pull(),
      onLost: lose,
    });
    this.#source = source;
    try {
      await source.start(this.#next);
      this.#pull();
      return await lost;
    } finally {
      source.close();
    }
  }

  /**
   * Asks the leader which sequence follows, and tells of those that do not exist: also when nothing follows yet, for what
   * waits for the missing must not wait for mail. A stream that is restored from an older copy ends before what was
   * delivered (P12).
   */
  async #look(): Promise<void> {
    for (let looks = 1; this.#isOpen; looks++) {
      const stored = await this.#jetStream.get(this.#stream, { seq: this.#next, next_by_subj: '>' });
      if (stored) return this.#skipTo(stored.sequence);
      const { first, last } = boundsOf(await this.#jetStream.info(this.#stream));
      if (last >= this.#next - 1) return this.#skipTo(first);
      // A deposed leader may not know the last messages.
      if (looks === LOOKS) return this.#regressed(last + 1);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** After all before them was handled. */
  async #skipTo(following: number): Promise<void> {
    if (following <= this.#next) return;
    await this.#handling;
    if (!this.#isOpen) return;
    this.#losses.onGap(this.#next, following - 1);
    this.#next = following;
  }

  /**
   * A consumer begins where it is told to, unless the stream ends before that where the consumer lives: of several replicas
   * that may be one that does not know the end yet, so that the leader has to be asked; a single one has lost what was
   * delivered.
   */
  async #wentBack(sequence: number): Promise<void> {
    const { config } = await this.#jetStream.info(this.#stream);
    if (this.#isOpen && !(Number(config['num_replicas']) > 1)) this.#regressed(sequence);
  }

  #regressed(sequence: number): void {
    this.close();
    this.#losses.onRegressed(sequence, this.#next);
  }

  #pull(): void {
    if (this.#queue.length === 0) this.#source?.pull();
  }

  #take(message: StoredMessage): void {
    this.#queue.push(message);
    this.#next++;
    this.#handling ??= this.#handle().catch((error: unknown) => this.#fail(error));
  }

  async #handle(): Promise<void> {
    // What arrived in the same read of the socket is one batch.
    await Promise.resolve();
    while (this.#isOpen && this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      this.#pull();
      this.#jetStream.session.clock.observe(batch.at(-1)?.time ?? 0);
      await this.#onBatch(batch);
    }
    this.#handling = undefined;
  }

  /** A closed session ends the delivery; anything else came out of a listener, and going on would lose its messages. */
  #fail(error: unknown): void {
    this.close();
    if (error instanceof ClosedError && !this.#jetStream.session.isConnected) return;
    this.#logger.error(`Delivery of mail stopped: ${String(error)}`, { instance: this.#stream });
  }
}
