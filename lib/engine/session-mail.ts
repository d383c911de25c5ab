import type { Addressed, Message } from '../wire/messages.js';
import type { DroppedInput, Refused, SkippedNumbers } from '../wire/record.js';
import { decodeSessionMessage } from '../wire/session-codec.js';
import { messageIdOf, parseSessionId, sessionId, type SessionId } from '../wire/sessions.js';
import type { PartitionSubjects } from '../wire/subjects.js';
import type { ClientSessions, SessionNews } from './client-sessions.js';
import type { Told } from './dead-letters.js';
import type { StoredMessage } from './ports.js';

/** So many outcomes are kept for a client to receive: more of its calls are refused (P5). */
const MOST_OUTCOMES = 1_024;

/** What mail says of its session. */
export interface MailStamp {
  readonly session: SessionId;
  /** The number of its first message. */
  readonly first: number;
  readonly done?: readonly number[] | undefined;
}

/** A message by its index in the mail, and what refuses it. */
export interface RefusedMail {
  readonly dropped: Pick<DroppedInput, 'index' | 'reason'>;
  /** Who is told, once that is committed. */
  readonly told: Told;
}

/** The messages of one piece of mail, sorted. */
export interface SortedMail {
  /** To be delivered. */
  readonly fresh: readonly (readonly [index: number, message: Addressed])[];
  /** Numbers taken before, of messages whose clients may still wait. */
  readonly copies: readonly (readonly [number: number, message: Message])[];
  readonly refused: readonly RefusedMail[];
  readonly news?: SessionNews | undefined;
}

/** What a message about a session brings. */
export type Heard = { readonly news: readonly SessionNews[]; readonly isUrgent: boolean } | { readonly fault: string };

/**
 * Sorts the mail of client sessions (P5): a number above the mark is new, any other is a copy, and mail of a session that
 * is not known is refused, never taken. Whoever waits is told of a refusal once the record with it is acknowledged.
 */
export class SessionMail {
  readonly #sessions: ClientSessions;
  readonly #subjects: PartitionSubjects;

  constructor(sessions: ClientSessions, subjects: PartitionSubjects) {
    this.#sessions = sessions;
    this.#subjects = subjects;
  }

  sort({ session, first, done }: MailStamp, messages: readonly Addressed[]): SortedMail {
    const mark = this.#sessions.mark(session);
    const last = first + messages.length - 1;
    if (mark === undefined || !Number.isSafeInteger(last)) return this.#expired(session, first, messages);
    if (last <= mark) return { fresh: [], copies: messages.map(([, body], at) => [first + at, body]), refused: [] };
    const skipped: SkippedNumbers[] = first > mark + 1 ? [[mark + 1, first - 1]] : [];
    const copies: [number, Message][] = [];
    const fresh: [number, Addressed][] = [];
    const refused: RefusedMail[] = [];
    const isFull = this.#sessions.outcomes(session) >= MOST_OUTCOMES;
    for (const [index, [to, body]] of messages.entries()) {
      const number = first + index;
      if (number <= mark) copies.push([number, body]);
      else if (isFull && replyOf(body) !== undefined) {
        skipped.push([number, number]);
        const reason = `Busy: ${MOST_OUTCOMES} outcomes of session ${session} are not received by its client`;
        refused.push({ dropped: { index, reason }, told: this.#told(session, number, body, 'busy') });
      } else fresh.push([index, [to, ofSession(body, session, number)]]);
    }
    const news = { id: session, mark: last, done, skipped };
    this.#sessions.take(news);
    return { fresh, copies, refused, news };
  }

  /** All of it is refused under one reason: a record must stay small. */
  #expired(session: SessionId, first: number, messages: readonly Addressed[]): SortedMail {
    const reason = `SessionExpired: there is no session ${session}`;
    const told = messages.flatMap(([, body], at) => this.#told(session, first + at, body, 'sessionExpired'));
    return { fresh: [], copies: [], refused: [{ dropped: { index: 0, reason }, told }] };
  }

  /** A client hears of refusals also where it waits for no answer: on the inbox of its token. */
  #told(session: SessionId, number: number, body: Message, refused: Refused): Told {
    const token = parseSessionId(session)?.token;
    const inbox = replyOf(body) ?? (token === undefined ? undefined : this.#subjects.outcomes(token));
    return inbox === undefined ? [] : [[inbox, { id: messageIdOf(session, number), refused }]];
  }

  /** Takes a message about a session itself. That of a session which is not known says nothing. */
  hear({ sequence, body }: StoredMessage): Heard {
    const decoded = decodeSessionMessage(body);
    if ('refused' in decoded) return { fault: decoded.refused };
    const message = decoded.value;
    if (message.kind === 'hello') {
      const news = [
        { id: sessionId(sequence, message.token), mark: 0 },
        ...this.#replaced(message.ends, message.token),
      ];
      for (const item of news) this.#sessions.take(item);
      return { news, isUrgent: false };
    }
    const { session, number, done } = message;
    const mark = this.#sessions.mark(session);
    if (mark === undefined || number <= mark) return { news: [], isUrgent: false };
    const skipped: SkippedNumbers[] = number > mark + 1 ? [[mark + 1, number - 1]] : [];
    const ends = message.kind === 'bye' && ({ isEnded: true } as const);
    const news = { id: session, mark: number, done, skipped, ...ends };
    this.#sessions.take(news);
    return { news: [news], isUrgent: true };
  }

  /** A client ends no sessions but its own. */
  #replaced(ends: SessionId | undefined, token: string): readonly SessionNews[] {
    const mark = ends === undefined ? undefined : this.#sessions.mark(ends);
    if (ends === undefined || mark === undefined || parseSessionId(ends)?.token !== token) return [];
    return [{ id: ends, mark, isEnded: true }];
  }
}

/** A message with the id that its place in a session gives it. */
export function ofSession(message: Message, session: SessionId, number: number): Message {
  if (message.kind === 'result') return message;
  const { done: _done, id: _id, ...rest } = message;
  return { id: messageIdOf(session, number), ...rest };
}

function replyOf(message: Message): string | undefined {
  return message.kind === 'result' ? undefined : message.reply;
}
