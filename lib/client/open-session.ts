import { messageIdOf, type SessionId } from '../wire/sessions.js';

/** A client's session with a partition, as its client sees it (P5). */
export class OpenSession {
  readonly id: SessionId;
  /** The number given last. */
  number = 0;
  /** Its owner knows it no more: nothing new is sent in it. */
  isOver = false;
  /** No later than the moment at which its owner was reached last, the server's time in milliseconds since 1970. */
  usedAt: number;
  /** Numbers whose outcomes nobody waits for any more, and that its owner does not know of yet. */
  #done: number[] = [];

  constructor(id: SessionId, usedAt: number) {
    this.id = id;
    this.usedAt = usedAt;
  }

  get hasNews(): boolean {
    return this.#done.length > 0;
  }

  /** The outcome is received, or nobody waits for it any more. */
  done(numbers: readonly number[]): void {
    this.#done.push(...numbers);
  }

  takeDone(): readonly number[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }

  messageId(number: number): string {
    return messageIdOf(this.id, number);
  }
}
