import { PayloadTooLargeError } from '../errors.js';
import { encodeSessionEnvelope, encodeStamped } from '../wire/session-codec.js';
import type { OpenSession } from './open-session.js';
import type { Outgoing } from './outgoing.js';

/** So many messages travel together at most. */
const MOST_MESSAGES = 1_000;

/**
 * How many of the first messages of a queue travel together: an envelope has so many bytes of text at most, and so many
 * calls. Messages about the session itself travel alone, and what nobody waits for any more does not travel.
 */
export function lengthOfParcel(queue: readonly Outgoing[], bytes: number, calls: number): number {
  let length = 0;
  for (let [left, room] = [bytes, calls]; length < Math.min(queue.length, MOST_MESSAGES); length++) {
    const { letter, isAlone, isCall, isSettled } = queue[length]!;
    const isSingle = isAlone || letter.address === undefined;
    left -= letter.bytes + (letter.address?.length ?? 0);
    if (isCall) room--;
    if (length > 0 && (isSettled || isSingle || left < 0 || room < 0)) break;
    if (isSingle) return 1;
  }
  return length;
}

/** Messages of a client in one piece of mail: one alone on its own mailbox, several in an envelope (P5). */
export class Parcel {
  readonly messages: readonly Outgoing[];
  readonly session: OpenSession;
  /** The same bytes whenever it is sent. */
  readonly body: Uint8Array;
  readonly subject: string;
  readonly messageId: string;
  /** The outcomes that it says are received. */
  readonly #done: readonly number[];

  /** Gives the messages the next numbers of a session. */
  constructor(messages: readonly Outgoing[], session: OpenSession, envelopes: string) {
    this.messages = messages;
    this.session = session;
    for (const message of messages) message.begin(session);
    const [first] = messages as readonly [Outgoing];
    this.#done = session.takeDone();
    const stamp = { session: session.id, number: first.number, done: this.#done };
    this.messageId = session.messageId(first.number);
    this.subject = messages.length === 1 ? first.letter.subject : envelopes;
    this.body =
      messages.length === 1
        ? encodeStamped(first.letter.text, stamp)
        : encodeSessionEnvelope(
            stamp,
            messages.map(({ letter }) => [letter.address!, letter.text]),
          );
  }

  sent(): void {
    for (const message of this.messages) message.attempts++;
  }

  /** The server will never store it. Whether each message of it may be sent alone: that is only known when it was sent once. */
  refused(error: Error): boolean {
    this.session.done(this.#done); // it was not said
    const isTooLarge = error instanceof PayloadTooLargeError;
    const isSplit = isTooLarge && this.messages.length > 1 && this.messages[0]!.attempts === 1;
    for (const message of this.messages) {
      if (isSplit) message.isAlone = true;
      else message.fail(error);
    }
    return isSplit;
  }
}
