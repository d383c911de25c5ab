import { SessionExpiredError } from '../errors.js';
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
  /** Of the text, in UTF-8. */
  readonly bytes: number;
  /** Called once: it is stored, or never will be as far as is known. */
  readonly onStored?: ((error?: unknown) => void) | undefined;
  /** Told what became of a call or a start, as often as an owner tells it. */
  readonly onOutcome?: ((outcome: Outcome) => void) | undefined;
  readonly delivery?: Delivery | undefined;
}

/** A message on its way to a partition. It has a place in a session from the moment it is first sent. */
export class Outgoing {
  readonly letter: Letter;
  session: OpenSession | undefined;
  number = 0;
  /** How often it was sent. */
  attempts = 0;
  /** Its outcome is received, or nobody waits for it any more. */
  isSettled = false;
  /** It is too large for the company of others, as the server said. */
  isAlone = false;
  /** Ends the listening for its outcome. */
  onSettled: (() => void) | undefined;

  constructor(letter: Letter) {
    this.letter = letter;
  }

  get isCall(): boolean {
    return this.letter.onOutcome !== undefined;
  }

  get messageId(): string | undefined {
    return this.session?.messageId(this.number);
  }

  /** Gives it the next number of a session. */
  begin(session: OpenSession): void {
    this.session = session;
    this.number = ++session.number;
    this.attempts = 0;
    if (this.letter.delivery) this.letter.delivery.progress = 'sending';
  }

  succeed(): void {
    if (this.letter.delivery) this.letter.delivery.progress = 'stored';
    this.letter.onStored?.();
  }

  fail(error: unknown): void {
    this.letter.onStored?.(error);
  }

  /** Its session's owner says that it does not know the session: of a message that was sent once, that is the whole truth. */
  expired(isRefused: boolean): SessionExpiredError {
    return new SessionExpiredError(isRefused && this.attempts === 1 ? 'none' : 'unknown');
  }
}
