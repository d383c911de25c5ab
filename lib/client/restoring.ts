import type { HistoryEvent } from '../core/history.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { Json } from '../core/values.js';
import { ConfigError, CorruptHistoryError } from '../errors.js';
import { readRestoredInstance, type RestoredEntity, type RestoredInstance } from '../wire/restoration.js';

/** An orchestration instance that had ended, as it was told. */
export interface EndedInstance {
  /** What `history()` of its handle has told: its last execution, from its start to its end. */
  readonly history: readonly HistoryEvent[];
  /** Its custom status. Default: none. */
  readonly customStatus?: unknown;
}

/** An entity as it was told. */
export interface FormerEntity {
  /** Its state, as lists tell it. */
  readonly entityState: unknown;
  /** The version of that state. Default: the first. */
  readonly stateVersion?: number | undefined;
}

/** Makes JSON of a value as it is stored. Throws UnserializableError, TooDeepError and ForbiddenKeyError. */
type Encode = (value: unknown) => Json | undefined;

/** As it is sent: a history is told as it is stored, a custom status is not. Throws ConfigError, and what `encode` throws. */
export function restoredInstance({ history, customStatus }: EndedInstance, encode: Encode): RestoredInstance {
  const status = encode(customStatus);
  try {
    return readRestoredInstance({ history, ...(status !== undefined && { customStatus: status }) });
  } catch (error) {
    if (error instanceof CorruptHistoryError) throw new ConfigError(`history: ${error.message}`, { cause: error });
    throw error;
  }
}

/** As it is sent. Throws ConfigError, and what `encode` throws. */
export function restoredEntity(
  { entityState, stateVersion = FIRST_VERSION }: FormerEntity,
  encode: Encode,
): RestoredEntity {
  if (!Number.isSafeInteger(stateVersion) || stateVersion < FIRST_VERSION)
    throw new ConfigError(`stateVersion: must be a whole number from ${FIRST_VERSION}, not ${String(stateVersion)}`);
  const state = encode(entityState);
  if (state === undefined) throw new ConfigError('entityState: an entity that exists has a state');
  return { state, ...(stateVersion > FIRST_VERSION && { stateVersion }) };
}
