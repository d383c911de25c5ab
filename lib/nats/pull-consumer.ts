import type { Subscription } from '../engine/ports.js';
import { placeOf, type DeliveryPlace } from './delivery-place.js';
import type { JetStream } from './jetstream.js';
import { platformRandom } from './random.js';
import type { ReceivedMessage } from './session.js';

/** One pull asks for so many messages, unless it is said. */
const BATCH_MESSAGES = 500;
const BATCH_BYTES = 4_194_304;
/**
 * It lives for about so long, and the server gives a sign of life each heartbeat. All pulls of a process end at multiples of
 * the heartbeat: so the next ones, and their heartbeats, come together, and with the renewals of leases. In milliseconds.
 */
const EXPIRES = 30_000;
const HEARTBEAT = 3_000;

/** Longer silence than this, in milliseconds, means that the consumer is gone. */
const SILENCE = 5_000;
const WATCH = 1_000;

/** The server forgets a consumer nobody pulls from after this time, in milliseconds. */
const INACTIVE = 30_000;

const NANOSECONDS = 1_000_000;

/** So often a consumer is asked for, then under other names twice as often as under the one before, up to the most. */
const FIRST_TRIES = 2;
const MOST_TRIES = 16;

/** What the server says of a pull that it has served, behind its last message, and of one whose bytes are used up. */
const SERVED = 'Batch Completed';
const USED_UP = 'Message Size Exceeds MaxBytes';

/** Whom a pull consumer tells. */
export interface PullListener {
  /** Once for each message of the consumer, in their order. */
  onMessage(message: ReceivedMessage, place: DeliveryPlace): void;
  /**
   * The pull is used up or has expired: the next message comes after the next `pull`. `isDry`: it was impatient, and nothing
   * was there any more.
   */
  onPullEnded(isDry: boolean): void;
  /** The consumer is of no use any more; nothing comes after this. */
  onLost(reason: string): void;
}

/** Which messages a consumer delivers, and what of them. */
export interface PullSettings {
  /** Only those whose subjects match a pattern. Default: all. */
  readonly pattern?: string | undefined;
  /** Their headers only. Default: all of them. */
  readonly headersOnly?: true | undefined;
  /** A pull ends when nothing is there. Default: it waits. */
  readonly isImpatient?: true | undefined;
}

/**
 * One consumer of a stream on the server: ephemeral, in memory, without acks. The server may lose it at any time without
 * a word, and counts a message as delivered that died on its way (M3): whoever uses it checks sequences and replaces it.
 */
export class PullConsumer {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  #name = platformRandom.id();
  readonly #inbox: string;
  readonly #listener: PullListener;
  readonly #settings: PullSettings;
  readonly #subscription: Subscription;
  readonly #stopListening: () => void;
  readonly #maxBytes: number;
  #endWatch = (): void => {};
  #isOpen = true;
  #isCreated = false;
  #wanted = 0;
  #heardAt = 0;

  constructor(jetStream: JetStream, stream: string, listener: PullListener, settings: PullSettings = {}) {
    const { session } = jetStream;
    this.#jetStream = jetStream;
    this.#stream = stream;
    this.#listener = listener;
    this.#settings = settings;
    this.#inbox = `${session.inboxPrefix}.${this.#name}`;
    this.#maxBytes = Math.max(BATCH_BYTES, 3 * session.maxBodyBytes);
    this.#subscription = session.subscribe(this.#inbox, (message) => this.#onMessage(message));
    this.#stopListening = session.listen({ onDisconnect: () => this.#lose('disconnected') });
    this.#watch();
  }

  /**
   * Creates the consumer, to begin at a sequence; how many messages wait for it. Rejects with ClosedError only.
   *
   * A cluster may place it on a server that has just died, which nobody is told: then another one is made, for under its name it
   * stays there.
   */
  async start(from: number): Promise<number> {
    for (let tries = FIRST_TRIES; ; tries = Math.min(2 * tries, MOST_TRIES)) {
      const created = await this.#create(from, tries);
      this.#isCreated = created !== undefined;
      if (created && this.#isOpen) return created.num_pending;
      this.#delete();
      if (!this.#isOpen) return 0;
      this.#name = platformRandom.id();
    }
  }

  #create(from: number, tries: number): Promise<{ readonly num_pending: number } | undefined> {
    const { pattern, headersOnly } = this.#settings;
    const name = pattern === undefined ? this.#name : `${this.#name}.${pattern}`;
    return this.#jetStream.demandIn<{ num_pending: number }>(tries, `CONSUMER.CREATE.${this.#stream}.${name}`, {
      stream_name: this.#stream,
      config: {
        name: this.#name,
        deliver_policy: 'by_start_sequence',
        opt_start_seq: from,
        ...(pattern !== undefined && { filter_subject: pattern }),
        ...(headersOnly && { headers_only: true }),
        ack_policy: 'none',
        replay_policy: 'instant',
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: INACTIVE * NANOSECONDS,
      },
    });
  }

  /** Asks for the next messages, so many at most, once it is created, unless it is waiting for some. */
  pull(batch = BATCH_MESSAGES): void {
    if (!this.#isOpen || !this.#isCreated || this.#wanted > 0) return;
    this.#wanted = batch;
    this.#heardAt = performance.now();
    const next = `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`;
    const pull = { batch, max_bytes: this.#maxBytes, ...(this.#settings.isImpatient ? { no_wait: true } : lifetime()) };
    this.#jetStream.session.publish(next, encoder.encode(JSON.stringify(pull)), this.#inbox);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#endWatch();
    this.#stopListening();
    this.#subscription.close();
    if (this.#isCreated) this.#delete();
  }

  /** Nobody waits for it: a consumer that stays is forgotten by the server when nobody pulls. */
  #delete(): void {
    this.#jetStream.session.publish(`$JS.API.CONSUMER.DELETE.${this.#stream}.${this.#name}`, new Uint8Array());
  }

  #onMessage(message: ReceivedMessage): void {
    if (!this.#isOpen) return;
    this.#heardAt = performance.now();
    const place = message.reply === undefined ? undefined : placeOf(message.reply);
    if (!place) return this.#onStatus(message.headers?.code ?? 0, message.headers?.description ?? '');
    this.#wanted--;
    this.#listener.onMessage(message, place);
    if (this.#wanted === 0 && this.#isOpen) this.#listener.onPullEnded(false);
  }

  #onStatus(code: number, description: string): void {
    // The messages themselves tell when a pull is served; the next one may be under way when this arrives.
    if (code === 100 || description === SERVED) return;
    const isDry = this.#settings.isImpatient === true && (code === 404 || code === 408);
    if (code !== 408 && description !== USED_UP && !isDry) return this.#lose(`${code} ${description}`);
    this.#wanted = 0;
    this.#listener.onPullEnded(isDry);
  }

  #watch(): void {
    this.#endWatch = this.#jetStream.session.clock.about(WATCH, () => {
      if (this.#wanted > 0 && performance.now() - this.#heardAt > SILENCE) this.#lose('silent');
      else this.#watch();
    });
  }

  #lose(reason: string): void {
    if (!this.#isOpen) return;
    this.close();
    this.#listener.onLost(reason);
  }
}

function lifetime(): object {
  const milliseconds = Math.round(EXPIRES - (performance.now() % HEARTBEAT));
  return { expires: milliseconds * NANOSECONDS, idle_heartbeat: HEARTBEAT * NANOSECONDS };
}

const encoder = new TextEncoder();
