import { decodeForeign, encodeText, formatVersion } from './body.js';
import type { Decoded } from './body.js';
import { token } from './history-shapes.js';
import { encodeAddressed, sessionFields } from './message-codec.js';
import type { ClientMessage } from './messages.js';
import type { Hello, SessionEnvelope, SessionMessage, Stamp } from './sessions.js';
import { count, oneOf, optional, ShapeError, variant } from './shapes.js';
import type { Shape } from './shapes.js';

/** What is found on a partition's `m.s`: anybody may publish there, so every field is checked and nothing throws. */
export function decodeSessionMessage(body: Uint8Array): Decoded<SessionMessage> {
  return decodeForeign(body, sessionMessage);
}

export function encodeHello(hello: Omit<Hello, 'v' | 'kind'>): Uint8Array {
  return encodeText(JSON.stringify({ v: formatVersion, kind: 'hello', ...hello }));
}

/** The text of a message of a session before it has its number: `encodeStamped` completes it. */
export function unstampedText(message: ClientMessage | { readonly kind: 'done' | 'bye' }): string {
  return JSON.stringify({ v: formatVersion, ...message });
}

export function encodeStamped(text: string, { session, number, done = [] }: Stamp): Uint8Array {
  const acknowledged = done.length === 0 ? '' : `,"done":[${done.join(',')}]`;
  return encodeText(`${text.slice(0, -1)},"session":"${session}","number":${number}${acknowledged}}`);
}

export function encodeSessionEnvelope({ v, session, first, done, messages }: SessionEnvelope): Uint8Array {
  const head = JSON.stringify({ v, session, first, ...(done && { done }) }).slice(0, -1);
  return encodeText(`${head},"messages":[${messages.map(encodeAddressed).join(',')}]}`);
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
