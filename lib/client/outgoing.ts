import { SessionExpiredError } from '../errors.js';
import { encodeStamped } from '../wire/session-codec.js';
import type { Address } from '../wire/messages.js';
import type { Outcome } from '../wire/record.js';
import type { Delivery } from './delivery.js';
import type { OpenSession } from './open-session.js';

/** What is to be sent. */
export interface Letter {
  /** Whom it is for; undefined: the partition's owner. */
  readonly address?: Address | undefined;
  readonly subject: string;
  /** The message's text without its number: `unstampedText`. */
  readonly text: string;
  /** Told what became of a call or a start, as often as an owner tells it. */
  readonly onOutcome?: ((outcome: Outcome) => void) | undefined;
  readonly delivery?: Delivery | undefined;
}

/** A message on its way to a partition. It has a place in a session from the moment it is first sent. */
export class Outgoing {
  readonly letter: Letter;
  /** Resolves when it is stored. */
  readonly stored: Promise<void>;
  session: OpenSession | undefined;
  number = 0;
  /** How often it was sent. */
  attempts = 0;
  /** Its outcome is received, or nobody waits for it any more. */
  isSettled = false;
  /** Ends the listening for its outcome. */
  onSettled: (() => void) | undefined;
  /** The outcomes that it says are received. */
  done: readonly number[] = [];
  #settle!: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  constructor(letter: Letter) {
    this.letter = letter;
    this.stored = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever awaits it sees the error; a caller whose time is over does not.
    this.stored.catch(() => {});
  }

  get isCall(): boolean {
    return this.letter.onOutcome !== undefined;
  }

  get messageId(): string | undefined {
    return this.session?.messageId(this.number);
  }

  /** Gives it the next number of a session, which it keeps; its bytes do not change any more. */
  begin(session: OpenSession): Uint8Array {
    this.session = session;
    this.number = ++session.number;
    this.done = session.takeDone();
    if (this.letter.delivery) this.letter.delivery.progress = 'sending';
    return encodeStamped(this.letter.text, { session: session.id, number: this.number, done: this.done });
  }

  succeed(): void {
    if (this.letter.delivery) this.letter.delivery.progress = 'stored';
    this.#settle.resolve();
  }

  fail(error: unknown): void {
    this.#settle.reject(error);
  }

  /** Its session's owner says that it does not know the session: of a message that was sent once, that is the whole truth. */
  expired(isRefused: boolean): SessionExpiredError {
    return new SessionExpiredError(isRefused && this.attempts === 1 ? 'none' : 'unknown');
  }
}
