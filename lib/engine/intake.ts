import { StorageRegressedError } from '../errors.js';
import type { PendingLocal } from '../wire/checkpoint.js';
import { encodeAddressed } from '../wire/message-codec.js';
import { asError } from './as-error.js';
import type { DeadLetters } from './dead-letters.js';
import type { Inbox } from './inbox.js';
import type { Instances } from './instances.js';
import type { Parking } from './parking.js';
import type { PartitionPorts, StoredMessage, Subscription } from './ports.js';
import { refuseMissing } from './stream-loss.js';
import type { PartitionTables } from './tables.js';

/**
 * Takes a partition's mail. After a takeover it first puts what the former owner had taken and not carried out back into
 * its places, mail and local messages, and only then may anything run: what a step makes stands behind all of it (C4, C6).
 */
export class Intake {
  readonly #tables: PartitionTables;
  readonly #ports: PartitionPorts;
  readonly #inbox: Inbox;
  readonly #instances: Instances;
  readonly #deadLetters: DeadLetters;
  readonly #parking: Parking;
  readonly #failed: (error: Error) => void;
  /** Local messages that the former owner left, behind the mail that stood before them. */
  #locals: PendingLocal[] = [];
  /** The last mail that the former owner had accepted. */
  #former = 0;
  /** A gap in the mail that is looked at: what stands behind it waits. */
  #gap: Promise<void> | undefined;
  #mail: Subscription | undefined;
  #isClosed = false;

  constructor(
    tables: PartitionTables,
    ports: PartitionPorts,
    inbox: Inbox,
    instances: Instances,
    deadLetters: DeadLetters,
    parking: Parking,
    failed: (error: Error) => void,
  ) {
    this.#tables = tables;
    this.#ports = ports;
    this.#inbox = inbox;
    this.#instances = instances;
    this.#deadLetters = deadLetters;
    this.#parking = parking;
    this.#failed = failed;
  }

  start(): void {
    const { cursor, accepted, locals, parked } = this.#tables;
    for (const { page, boxes } of parked.snapshot())
      for (const { to, from, end, control } of boxes) this.#instances.restore(to, { page, from, end, control });
    this.#locals = [...locals.values()];
    this.#former = accepted;
    this.#mail = this.#ports.mailbox.consume(cursor + 1, (batch) => this.#take(batch), {
      onGap: (from, to) => this.#onGap(from, to),
      onRegressed: (sequence, expected) => this.#failed(this.#regressed(sequence, expected)),
    });
    this.#passed(cursor);
  }

  close(): void {
    this.#isClosed = true;
    this.#mail?.close();
  }

  /** Nothing of a batch may get lost: what goes wrong ends the run, and the next owner reads it again. */
  async #take(batch: readonly StoredMessage[]): Promise<void> {
    try {
      if (this.#gap) await this.#gap;
      this.#gap = undefined;
      for (const message of batch) {
        if (this.#isClosed) return;
        this.#inbox.take(message);
        this.#parking.took(message.sequence, message.body.length);
        this.#passed(message.sequence);
        if (this.#deadLetters.isBurying) await this.#deadLetters.whenStored();
        if (this.#instances.hasRoom) continue;
        this.#instances.pump();
        await this.#whenRoom();
      }
    } catch (error) {
      return this.#failed(asError(error));
    }
    this.#parking.tookAll();
    this.#instances.pump();
  }

  async #whenRoom(): Promise<void> {
    const { gate } = this.#instances;
    if (gate.isCrowded) this.#parking.relieve();
    await gate.whenOpen();
  }

  #passed(sequence: number): void {
    while (this.#locals[0] && this.#locals[0].behind <= sequence) {
      const { counter, index, message } = this.#locals.shift()!;
      const bytes = encodeAddressed(message).length;
      const at = this.#ports.clock.now();
      this.#instances.deliver(message[0], { body: message[1], local: [counter, index], at, bytes });
    }
    if (sequence >= this.#former) this.#instances.release();
  }

  #onGap(from: number, to: number): void {
    this.#gap = Promise.resolve(this.#gap)
      .then(() => this.#report(from, to))
      .catch((error: Error) => this.#failed(error));
  }

  /**
   * A message that somebody deleted is reported and passed over. Mail that was purged is the loss of a stream (P12): that
   * must be known before the cursor passes it.
   */
  async #report(from: number, to: number): Promise<void> {
    const { logger, mailbox, subjects } = this.#ports;
    const bounds = await mailbox.bounds();
    if (this.#isClosed) return;
    refuseMissing(subjects.streamName('mail'), bounds, from, 0);
    logger.error('Mail is missing: the stream does not hold it any more', {
      instance: `partition ${subjects.partition}`,
      from,
      to,
    });
    this.#passed(to);
  }

  #regressed(sequence: number, expected: number): StorageRegressedError {
    return new StorageRegressedError(
      `Stream ${this.#ports.subjects.streamName('mail')} delivered ${sequence} where ${expected} follows: the stream lost ` +
        'acknowledged messages.',
    );
  }
}
