import { encodeText } from './text-encoding.js';

/** A message that no instance could take, as it is kept for people. Format version 1. */
export interface DeadLetter {
  readonly v: 1;
  readonly reason: string;
  /** Where it came from: its subject and sequence in the mail stream, and its index in the envelope. */
  readonly subject: string;
  readonly sequence: number;
  readonly index: number;
  /** Its body: as text, or in base64 when it is no UTF-8. */
  readonly text?: string;
  readonly base64?: string;
  /** How many bytes it had, when it is cut. */
  readonly cutFrom?: number;
}

/** The letter with the body, or with its beginning when the whole does not fit so many bytes. */
export function encodeDeadLetter(
  fields: Pick<DeadLetter, 'reason' | 'subject' | 'sequence' | 'index'>,
  body: Uint8Array,
  limit: number,
): Uint8Array {
  const whole = encodeText(JSON.stringify({ v: 1, ...fields, ...bodyFields(body) } satisfies DeadLetter));
  if (whole.length <= limit) return whole;
  const base64 = base64Of(body.subarray(0, limit >> 1));
  return encodeText(JSON.stringify({ v: 1, ...fields, base64, cutFrom: body.length } satisfies DeadLetter));
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function bodyFields(body: Uint8Array): Pick<DeadLetter, 'text' | 'base64'> {
  try {
    return { text: strictUtf8.decode(body) };
  } catch {
    return { base64: base64Of(body) };
  }
}

function base64Of(bytes: Uint8Array): string {
  let characters = '';
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters);
}
