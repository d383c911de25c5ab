import type { ExecutionContext } from 'ava';
import type { Decoded } from '../../lib/wire/body.js';

/** One format: how it is read, and written where this package writes it whole. */
export interface Format {
  decode(body: Uint8Array): object;
  encode?(value: never): Uint8Array;
}

export const bytes = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

/** What was read; throws when it was refused. */
export function accepted(decoded: Decoded<object>): object {
  if ('refused' in decoded) throw new Error(decoded.refused);
  return decoded.value;
}

/** Each of the recorded texts is read as it says, and written as it was. */
export function readAndWritten(t: ExecutionContext, format: Format, recorded: readonly object[]): void {
  t.true(recorded.length > 0);
  for (const wire of recorded) {
    const value = format.decode(bytes(wire));
    t.deepEqual(value, wire);
    if (format.encode) t.deepEqual(JSON.parse(new TextDecoder().decode(format.encode(value as never))), wire);
  }
}
