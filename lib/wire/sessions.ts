import type { Addressed } from './messages.js';

/**
 * A client's session with a partition (P5): its id is made of the sequence of its `hello` in the partition's mail and of
 * the token that the hello carried. So no two hellos make the same session, also in a hub of the same name that was
 * created anew, and whether a session that is not known is gone or still to come can be told by comparing sequences.
 */
export type SessionId = string;

/** What a client tells a partition of its session, on `m.s`: numbered like all its messages, but for the hello. */
export type SessionMessage = Hello | Done | Bye;

/** Opens a session. */
export interface Hello {
  readonly v: 1;
  readonly kind: 'hello';
  /**
   * The client's own id, up to 40 characters, another for each partition: its refusals are told on the inbox of this
   * name (P5).
   */
  readonly token: string;
  /** The client's session before it, which is over. */
  readonly ends?: SessionId;
}

/** Says which outcomes the client has received, and that it is still there, when it has nothing else to send. */
export interface Done extends Stamp {
  readonly v: 1;
  readonly kind: 'done';
}

/** Ends a session. */
export interface Bye extends Stamp {
  readonly v: 1;
  readonly kind: 'bye';
}

/** What tells a message of a session from all others. */
export interface Stamp {
  readonly session: SessionId;
  /** From 1 up, over all messages of the session, whatever subject or envelope carries them. */
  readonly number: number;
  /** The numbers of messages whose outcomes nobody waits for any more: received since the message before, or given up. */
  readonly done?: readonly number[];
}

/** Several messages of one session in one message on `m.x`, numbered one after another. */
export interface SessionEnvelope {
  readonly v: 1;
  readonly session: SessionId;
  /** The number of the first one. */
  readonly first: number;
  readonly done?: readonly number[];
  readonly messages: readonly Addressed[];
}

export function sessionId(hello: number, token: string): SessionId {
  return `${hello}-${token}`;
}

/** The sequence of a session's hello and its token; undefined: it is no session's id. */
export function parseSessionId(id: SessionId): { readonly hello: number; readonly token: string } | undefined {
  const [, hello, token] = /^([1-9][0-9]{0,15})-([A-Za-z0-9_-]{1,40})$/.exec(id) ?? [];
  return hello === undefined || token === undefined ? undefined : { hello: Number(hello), token };
}

/** The id of a session's message: of its outcome, and for the server's duplicate window. */
export function messageIdOf(session: SessionId, number: number): string {
  return `${session}.${number}`;
}

/** The session and number of a message id; undefined: it is not one of a session. */
export function parseMessageId(id: string): { readonly session: SessionId; readonly number: number } | undefined {
  const [, session, number] = /^([1-9][0-9]{0,15}-[A-Za-z0-9_-]{1,40})\.([0-9]{1,16})$/.exec(id) ?? [];
  return session === undefined || number === undefined ? undefined : { session, number: Number(number) };
}
