import type { InputType, Json, ValueCodec } from '../core/values.js';
import { copyWithDates } from './dates.js';
import { copyJson } from './json.js';
import { encodeValue } from './value-encoder.js';
import type { ValueRules } from './value-encoder.js';

/** How a value codec treats classes. */
export interface ValueCodecOptions extends ValueRules {
  /** Makes a validated instance of a type from stored data, which it must not keep or change. */
  readonly revive?: ((json: Json | undefined, type: InputType, target: string) => unknown) | undefined;
}

/** The codec between user code and the engine: strict on the way in, a fresh value on the way out. */
export function createValueCodec(options: ValueCodecOptions = {}): ValueCodec {
  const { revive, dates } = options;
  const copy = dates === 'tagged' ? copyWithDates : copyJson;
  return {
    encode: (value) => encodeValue(value, options),
    decode(json, type, target = 'input') {
      if (type !== undefined && revive !== undefined) return revive(json, type, target);
      return json === undefined ? undefined : copy(json);
    },
  };
}
