import { encodeDeadLetter } from '../wire/dead-letter-codec.js';
import type { DroppedInput } from '../wire/record.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** Letters that are on their way at a time; no more mail is taken meanwhile. */
const MANY = 64;
/** Before a letter whose outcome is unknown is stored again, in milliseconds. */
const RETRY = 100;
/** Characters kept of why a message was dropped. */
const LONGEST_REASON = 200;

/**
 * Keeps what no instance can take. A letter is stored before the record that drops its input, so none is lost; it may be
 * stored twice, by an owner that dies in between and by the next one.
 */
export class DeadLetters {
  readonly #ports: PartitionPorts;
  readonly #dropped: (input: DroppedInput) => void;
  #burying = 0;
  #whenFewer: (() => void)[] = [];
  #isStopped = false;

  /** `dropped` is told each input whose letter is stored: a record may say now that it is consumed. */
  constructor(ports: PartitionPorts, dropped: (input: DroppedInput) => void) {
    this.#ports = ports;
    this.#dropped = dropped;
  }

  /** Stores the letter of an input, and tells it then. */
  async bury({ sequence, index, reason: whole }: DroppedInput, { subject, body }: StoredMessage): Promise<void> {
    const { subjects, logger, maxBodyBytes } = this.#ports;
    const reason = whole.slice(0, LONGEST_REASON).toWellFormed();
    const fields = { sequence, index, reason };
    this.#burying++;
    logger.warn('Mail that no instance can take goes to the dead letters', {
      instance: `partition ${subjects.partition}`,
      ...fields,
    });
    const stream = subjects.streamName('mail');
    await this.#store(encodeDeadLetter({ subject, ...fields }, body, maxBodyBytes), `${stream}.${sequence}.${index}`);
    this.#burying--;
    if (this.#isStopped) return;
    this.#dropped(fields);
    for (const resolve of this.#whenFewer.splice(0)) resolve();
  }

  /** Undefined: there is room for more. */
  whenRoom(): Promise<void> | undefined {
    if (this.#burying < MANY || this.#isStopped) return undefined;
    return new Promise((resolve) => this.#whenFewer.push(resolve));
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
