import type { InputType } from '../core/values.js';
import { dehydrate } from './dehydrate.js';
import { buildValid } from './revive.js';

/**
 * An input as a caller gives it (a plain object or a DTO object, Dates included), validated before it is sent.
 * Returns its plain form, with what the class adds by initializers, for the value codec, which refuses what cannot be
 * stored.
 * Throws InvalidInputError for `target` with the path of every violation, and UnserializableError or TooDeepError.
 */
export function validateInput(value: unknown, type: InputType, target: string): unknown {
  const plain = dehydrate(value, type);
  return dehydrate(
    buildValid(plain, type, target, (untyped) => untyped),
    type,
  );
}
