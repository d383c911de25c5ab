import { CorruptHistoryError, VersionTooNewError } from '../errors.js';
import { ShapeError } from './shapes.js';
import type { Shape } from './shapes.js';

/** The format of what has only one, and of all else that needs no newer one (docs/adr/0006). */
export const formatVersion = 1;

/**
 * The format of what says something of an entity's state that format 1 has no words for: a change in place of the whole, or a
 * version (docs/adr/0057). A reader of format 1 would take the state for unchanged, so it has to refuse it.
 */
export const stateFormat = 2;

/** What came of a message that anybody may have sent: the typed value, or why it goes to the dead letters. */
export type Decoded<T> = { readonly value: T } | { readonly refused: string };

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a message that anybody may have sent, of a format up to `newest`. Never throws for its content. */
export function decodeForeign<T>(body: Uint8Array, shape: Shape<T>, newest = formatVersion): Decoded<T> {
  try {
    return { value: decode(body, 'The message', shape, newest) };
  } catch (error) {
    if (error instanceof ShapeError || error instanceof VersionTooNewError) return { refused: error.message };
    throw error;
  }
}

/**
 * Reads what this package itself stored, of a format up to `newest`. Throws CorruptHistoryError or VersionTooNewError; `where`
 * names it in both.
 */
export function decodeStored<T>(body: Uint8Array, where: string, shape: Shape<T>, newest = formatVersion): T {
  try {
    return decode(body, where, shape, newest);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new CorruptHistoryError(`${where} cannot be read: ${error.message}`, { cause: error });
  }
}

function decode<T>(body: Uint8Array, what: string, shape: Shape<T>, newest: number): T {
  const parsed = parse(body);
  checkVersion(parsed, what, newest);
  return shape(parsed);
}

function parse(body: Uint8Array): unknown {
  let text: string;
  try {
    text = strictUtf8.decode(body);
  } catch (error) {
    throw new ShapeError('not UTF-8', '', { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ShapeError('not JSON', '', { cause: error });
  }
}

/** The version is read before anything else: of a newer format nothing else is known. */
function checkVersion(parsed: unknown, what: string, newest: number): void {
  const version = typeof parsed === 'object' && parsed !== null ? (parsed as { readonly v?: unknown }).v : undefined;
  if (!Number.isSafeInteger(version) || (version as number) < 1) throw new ShapeError('not a format version', '.v');
  if ((version as number) > newest) throw new VersionTooNewError(what, version, newest);
}
