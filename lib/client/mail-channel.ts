import type { Clock, MailSender } from '../engine/ports.js';
import { ClosedError } from '../errors.js';

/** The waits before the same bytes are sent again, in milliseconds: each twice the one before. */
const FIRST_RETRY = 25;
const LONGEST_RETRY = 1_000;

/** What a channel needs of the world. */
export interface ChannelPorts {
  readonly mail: MailSender;
  readonly clock: Clock;
}

interface Outgoing {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A client's messages to one partition, in order (P5): at most one publish is in flight, and one whose outcome is
 * unknown is sent again as the same bytes under the same id before anything newer. Only the number of a message that the
 * server refuses for good is given up, and not used again.
 */
export class MailChannel {
  readonly #session: string;
  readonly #partition: number;
  readonly #ports: ChannelPorts;
  readonly #queue: Outgoing[] = [];
  #number = 0;
  #closed: Error | undefined;

  constructor(session: string, partition: number, ports: ChannelPorts) {
    this.#session = session;
    this.#partition = partition;
    this.#ports = ports;
  }

  /**
   * Takes the next number of the channel and sends what `encode` makes of it; throws what that throws, and then the
   * number stays free. The promise resolves when the message is stored.
   */
  send(subject: string, encode: (stamp: Stamp) => Uint8Array): { readonly id: string; readonly stored: Promise<void> } {
    if (this.#closed) throw this.#closed;
    const number = this.#number + 1;
    const messageId = `${this.#session}.${this.#partition}.${number}`;
    const body = encode({ id: messageId, session: this.#session, number });
    this.#number = number;
    const stored = new Promise<void>((resolve, reject) => {
      this.#queue.push({ subject, body, messageId, stored: resolve, failed: reject });
    });
    // Whoever awaits it sees the error; a caller whose time is over does not.
    stored.catch(() => {});
    if (this.#queue.length === 1) void this.#sendAll();
    return { id: messageId, stored };
  }

  /** Fails everything that is not known to be stored. */
  close(error: Error): void {
    this.#closed ??= error;
    for (const { failed } of this.#queue.splice(0)) failed(this.#closed);
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      const refused = await this.#store(next);
      if (this.#closed) return;
      this.#queue.shift();
      if (refused) next.failed(refused);
      else next.stored();
    }
  }

  /** Why it will never be stored; undefined when it is. Its number is given up then: numbers need no next one. */
  async #store({ subject, body, messageId }: Outgoing): Promise<Error | undefined> {
    for (let wait = FIRST_RETRY; !this.#closed; wait = Math.min(2 * wait, LONGEST_RETRY)) {
      try {
        const sequence = await this.#ports.mail.send(subject, body, messageId);
        if (sequence !== undefined) return undefined;
      } catch (error) {
        if (error instanceof ClosedError) this.close(error);
        return error as Error;
      }
      await new Promise<void>((resolve) => {
        this.#ports.clock.after(wait, resolve);
      });
    }
    return undefined;
  }
}

/** What tells a message of a client session from all others (P5). */
export interface Stamp {
  readonly id: string;
  readonly session: string;
  readonly number: number;
}
