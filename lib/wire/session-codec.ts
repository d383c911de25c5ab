import { decodeForeign, formatVersion } from './body.js';
import type { Decoded } from './body.js';
import { token } from './history-shapes.js';
import { sessionFields } from './message-codec.js';
import type { Address, ClientMessage } from './messages.js';
import type { Hello, SessionMessage, Stamp } from './sessions.js';
import { count, oneOf, optional, ShapeError, variant } from './shapes.js';
import type { Shape } from './shapes.js';
import { encodeText } from './text-encoding.js';

/** What is found on a partition's `m.s`: anybody may publish there, so every field is checked and nothing throws. */
export function decodeSessionMessage(body: Uint8Array): Decoded<SessionMessage> {
  return decodeForeign(body, sessionMessage);
}

export function encodeHello(hello: Omit<Hello, 'v' | 'kind'>): Uint8Array {
  return encodeText(JSON.stringify({ v: formatVersion, kind: 'hello', ...hello }));
}

/** How a message begins on a mailbox of its own. */
const BEGINNING = `{"v":${formatVersion},`;

/** The text of a message of a session before it has its number: `encodeStamped` completes it. */
export function unstampedText(message: ClientMessage | { readonly kind: 'done' | 'bye' }): string {
  return JSON.stringify({ v: formatVersion, ...message });
}

export function encodeStamped(text: string, { session, number, done = [] }: Stamp): Uint8Array {
  return encodeText(`${text.slice(0, -1)},"session":"${session}","number":${number}${doneText(done)}}`);
}

/** An envelope of several messages, given as texts of `unstampedText` with their addresses. */
export function encodeSessionEnvelope(
  { session, number, done = [] }: Stamp,
  messages: readonly (readonly [to: Address, text: string])[],
): Uint8Array {
  const texts = messages.map(([to, text]) => `["${to}",{${text.slice(BEGINNING.length)}]`);
  const head = `{"v":${formatVersion},"session":"${session}","first":${number}${doneText(done)}`;
  return encodeText(`${head},"messages":[${texts.join(',')}]}`);
}

function doneText(done: readonly number[]): string {
  return done.length === 0 ? '' : `,"done":[${done.join(',')}]`;
}

/** A client's own id, which is part of its sessions' ids. */
const clientToken: Shape<string> = (value) => {
  const text = token(value);
  if (text.length > 40) throw new ShapeError('must be 1 to 40 of A-Z a-z 0-9 _ -');
  return text;
};

const v = oneOf(1);
const stamp = { v, session: token, number: count, done: sessionFields.done };

const sessionMessage = variant<SessionMessage, 'kind'>('kind', {
  hello: { v, token: clientToken, ends: optional(token) },
  done: stamp,
  bye: stamp,
});
