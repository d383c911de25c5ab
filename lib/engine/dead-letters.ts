import { encodeDeadLetter } from '../wire/dead-letter-codec.js';
import type { Address } from '../wire/messages.js';
import type { DroppedInput, Outcome } from '../wire/record.js';
import type { Loops } from './loops.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** Before a letter whose outcome is unknown is stored again, in milliseconds. */
const RETRY = 100;
/** Characters kept of why a message was dropped. */
const LONGEST_REASON = 200;

/** Who is told of a refusal, once the record that drops the input is acknowledged. */
export type Told = readonly (readonly [inbox: string, outcome: Outcome])[];

/**
 * Keeps what no instance can take. A letter is stored before the record that drops its input, so none is lost; it may be
 * stored twice, by an owner that dies in between and by the next one.
 *
 * P1. No mail behind an input is taken before its letter is stored: a record that accepted the input as open would have the
 *     next owner deliver it without any test.
 */
export class DeadLetters {
  readonly #ports: PartitionPorts;
  readonly #dropped: (input: DroppedInput, told: Told) => void;
  readonly #loops: Loops;
  #burying = 0;
  #whenFewer: (() => void)[] = [];
  #isStopped = false;

  /** `dropped` is told each input whose letter is stored: a record may say now that it is consumed. */
  constructor(ports: PartitionPorts, dropped: (input: DroppedInput, told: Told) => void, loops: Loops) {
    this.#loops = loops;
    this.#ports = ports;
    this.#dropped = dropped;
  }

  /** Stores the letter of an input, and tells it then. */
  async bury(
    { sequence, index, reason: whole }: DroppedInput,
    { subject, body }: StoredMessage,
    told: Told = [],
  ): Promise<void> {
    const { subjects, logger, maxBodyBytes } = this.#ports;
    const reason = whole.slice(0, LONGEST_REASON).toWellFormed();
    const fields = { sequence, index, reason };
    this.#burying++;
    logger.warn('Mail that no instance can take goes to the dead letters', {
      instance: `partition ${subjects.partition}`,
      ...fields,
    });
    const stream = subjects.streamName('mail');
    const letter = encodeDeadLetter({ subject, ...fields }, body, maxBodyBytes);
    await this.#loops.watch(
      'the storing of a dead letter',
      this.#store(letter, `${stream}.${sequence}.${index}`),
      subject,
    );
    this.#burying--;
    if (this.#isStopped) return;
    this.#dropped(fields, told);
    for (const resolve of this.#whenFewer.splice(0)) resolve();
  }

  /** The same of a message that was accepted before. */
  buryMessage(dropped: DroppedInput, body: Uint8Array, to: Address): Promise<void> {
    return this.bury(dropped, { sequence: dropped.sequence, subject: this.#ports.subjects.mail(to), body, time: 0 });
  }

  /** Resolves when no letter is on its way. */
  async whenStored(): Promise<void> {
    while (this.#burying > 0 && !this.#isStopped) await new Promise<void>((resolve) => this.#whenFewer.push(resolve));
  }

  get isBurying(): boolean {
    return this.#burying > 0;
  }

  stop(): void {
    this.#isStopped = true;
    for (const resolve of this.#whenFewer.splice(0)) resolve();
  }

  async #store(letter: Uint8Array, id: string): Promise<void> {
    const { deadLetters, subjects, clock } = this.#ports;
    while (!this.#isStopped) {
      if ((await deadLetters.send(subjects.deadLetters, letter, id)) !== undefined) return;
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  }
}
