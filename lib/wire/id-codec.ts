import { InvalidIdError } from '../errors.js';
import { checkEntityKey, checkInstanceId, maxIdBytes } from './checks.js';

/** The two kinds of text that users choose freely and that end up in subjects. */
export type IdKind = 'instance id' | 'entity key';

/** An encoded id is at most three times as long as its bytes. */
const maxTokenLength = 3 * maxIdBytes;

const utf8 = new TextEncoder();
// Without ignoreBOM a leading U+FEFF would vanish, and two ids would decode to one.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const escapes = Array.from({ length: 256 }, (_, byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`);
const escapedBytes = new Map(escapes.map((escape, byte) => [escape, byte]));

/**
 * An id as one subject token: `[A-Za-z0-9_-]` raw, every other UTF-8 byte as `=HH`. Different ids give different
 * tokens; a token is at most 768 characters of `[A-Za-z0-9_=-]`. Throws InvalidIdError when the id is not acceptable.
 */
export function encodeId(id: string, kind: IdKind = 'instance id'): string {
  if (isPlain(id)) return id;
  if (kind === 'instance id') checkInstanceId(id);
  else checkEntityKey(id);
  let token = '';
  for (const byte of utf8.encode(id)) token += isRaw(byte) ? String.fromCharCode(byte) : escapes[byte];
  return token;
}

/** The id that `encodeId` made this token of. Throws InvalidIdError for any text that it cannot have made. */
export function decodeId(token: string, kind: IdKind = 'instance id'): string {
  if (isPlain(token)) return token;
  const id = decodeBytes(token);
  if (id === undefined || encodeId(id, kind) !== token) throw new InvalidIdError(`Not an encoded ${kind}`);
  return id;
}

function decodeBytes(token: string): string | undefined {
  if (token.length > maxTokenLength) return undefined;
  const bytes: number[] = [];
  for (let at = 0; at < token.length; at++) {
    const unit = token.charCodeAt(at);
    if (isRaw(unit)) bytes.push(unit);
    else {
      const byte = escapedBytes.get(token.slice(at, at + 3));
      if (byte === undefined) return undefined;
      bytes.push(byte);
      at += 2;
    }
  }
  try {
    return strictUtf8.decode(Uint8Array.from(bytes));
  } catch {
    return undefined; // not UTF-8: the caller says so with its own error
  }
}

/** Acceptable and its own token: nearly every id in practice. */
function isPlain(id: unknown): id is string {
  if (typeof id !== 'string' || id.length === 0 || id.length > maxIdBytes) return false;
  for (let at = 0; at < id.length; at++) if (!isRaw(id.charCodeAt(at))) return false;
  return true;
}

function isRaw(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x30 && unit <= 0x39) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    unit === 0x2d ||
    unit === 0x5f
  );
}
