import type { Logger, QueuedTask, TaskConsumption, Subscription } from '../engine/ports.js';
import { ClosedError } from '../errors.js';
import { placeOf, type DeliveryPlace } from './delivery-place.js';
import type { JetStream } from './jetstream.js';
import { platformRandom } from './random.js';
import type { ReceivedMessage } from './session.js';

/**
 * A pull lives for so long; the server gives a sign of life each heartbeat. In milliseconds. A task's patience is no multiple of
 * it: what comes again just when the pull that it was for ends, the server puts behind what comes again later.
 */
const EXPIRES = 6_000;
const HEARTBEAT = 2_000;

/** Longer silence than this, in milliseconds, means that the consumer is gone. */
const SILENCE = 5_000;
const WATCH = 1_000;

/** The wait before a lost consumer is looked after again, in milliseconds. */
const PAUSE = 100;

const NANOSECONDS = 1_000_000;

/**
 * Takes tasks from a queue's durable consumer, which all workers share. The server may lose it, or the pulls of this
 * worker, without a word: then it is made again and asked again.
 */
export class TaskConsumer implements TaskConsumption {
  readonly #jetStream: JetStream;
  readonly #consumer: { readonly stream: string; readonly name: string };
  readonly #create: () => Promise<void>;
  readonly #onTask: (task: QueuedTask) => void;
  readonly #logger: Logger;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #stopListening: () => void;
  #endWatch = (): void => {};
  #isOpen = true;
  #isReady = false;
  /** Tasks that may come, and those of them that the server was asked for. */
  #wanted = 0;
  #asked = 0;
  #heardAt = 0;
  #onLost = (_reason: string): void => {};

  constructor(
    jetStream: JetStream,
    consumer: { readonly stream: string; readonly name: string },
    create: () => Promise<void>,
    onTask: (task: QueuedTask) => void,
    logger: Logger,
  ) {
    const { session } = jetStream;
    this.#jetStream = jetStream;
    this.#consumer = consumer;
    this.#create = create;
    this.#onTask = onTask;
    this.#logger = logger;
    this.#inbox = `${session.inboxPrefix}.${platformRandom.id()}`;
    this.#subscription = session.subscribe(this.#inbox, (message) => this.#onMessage(message));
    this.#stopListening = session.listen({ onDisconnect: () => this.#onLost('disconnected') });
    this.#watch();
    this.#run().catch((error: unknown) => this.#fail(error));
  }

  want(count: number): void {
    this.#wanted = count;
    this.#pull();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#endWatch();
    this.#stopListening();
    this.#subscription.close();
    this.#onLost('closed');
  }

  async #run(): Promise<void> {
    while (this.#isOpen) {
      await this.#jetStream.session.whenConnected();
      await this.#create();
      if (!this.#isOpen) return;
      const reason = await this.#follow();
      if (!this.#isOpen) return;
      this.#logger.debug(`Consumer of tasks is looked after: ${reason}`, { instance: this.#where });
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  get #where(): string {
    return `${this.#consumer.stream}/${this.#consumer.name}`;
  }

  /** Pulls until the consumer seems lost; why. */
  async #follow(): Promise<string> {
    const lost = new Promise<string>((resolve) => (this.#onLost = resolve));
    this.#isReady = true;
    this.#asked = 0;
    this.#pull();
    const reason = await lost;
    this.#isReady = false;
    return reason;
  }

  #pull(): void {
    const batch = this.#wanted - this.#asked;
    if (!this.#isReady || !this.#isOpen || batch <= 0) return;
    if (this.#asked === 0) this.#heardAt = performance.now();
    this.#asked += batch;
    const { stream, name } = this.#consumer;
    const pull = { batch, expires: EXPIRES * NANOSECONDS, idle_heartbeat: HEARTBEAT * NANOSECONDS };
    const body = encoder.encode(JSON.stringify(pull));
    this.#jetStream.session.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, body, this.#inbox);
  }

  #onMessage(message: ReceivedMessage): void {
    this.#heardAt = performance.now();
    const place = message.reply === undefined ? undefined : placeOf(message.reply);
    if (!place) return this.#onStatus(message);
    this.#asked = Math.max(0, this.#asked - 1);
    this.#wanted = Math.max(0, this.#wanted - 1);
    this.#onTask(new DeliveredTask(this.#jetStream, message, place));
  }

  #onStatus({ headers }: ReceivedMessage): void {
    const code = headers?.code ?? 0;
    if (code === 100) return;
    if (code !== 408) return this.#onLost(`${code} ${headers?.description ?? ''}`);
    // A pull has expired, with so many of its tasks not delivered.
    this.#asked = Math.max(0, this.#asked - Number(headers?.get('Nats-Pending-Messages') || this.#asked));
    this.#pull();
  }

  #watch(): void {
    this.#endWatch = this.#jetStream.session.clock.about(WATCH, () => {
      if (this.#isReady && this.#asked > 0 && performance.now() - this.#heardAt > SILENCE) this.#onLost('silent');
      if (this.#isOpen) this.#watch();
    });
  }

  #fail(error: unknown): void {
    this.close();
    if (error instanceof ClosedError) return;
    this.#logger.error(`Tasks are not taken any more: ${String(error)}`, { instance: this.#where });
  }
}

/** A task as the server handed it over; its reply subject stands for this delivery. */
class DeliveredTask implements QueuedTask {
  readonly #jetStream: JetStream;
  readonly #reply: string;
  readonly sequence: number;
  readonly body: Uint8Array;
  readonly deliveries: number;
  readonly time: number;
  readonly backlog: number;

  constructor(jetStream: JetStream, { data, reply }: ReceivedMessage, place: DeliveryPlace) {
    this.#jetStream = jetStream;
    this.#reply = reply!;
    this.body = data;
    this.sequence = place.sequence;
    this.deliveries = place.deliveries;
    this.time = place.time;
    this.backlog = place.pending;
  }

  async acknowledge(): Promise<boolean> {
    return (await this.#jetStream.session.requests.send(this.#reply, ACK)) !== undefined;
  }

  keep(): void {
    this.#jetStream.session.publish(this.#reply, IN_PROGRESS);
  }
}

const encoder = new TextEncoder();
const ACK = encoder.encode('+ACK');
const IN_PROGRESS = encoder.encode('+WPI');
