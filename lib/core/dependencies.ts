import type { Names } from './names.js';
import type { ValueCodec } from './values.js';

/** What the core is given to run user code: nothing of it waits, reads a clock or remembers. */
export interface CoreDependencies {
  readonly values: ValueCodec;
  readonly names: Names;
  readonly ids: IdChecks;
}

/** Refuses ids and names at the call, before anything is recorded. Each returns what it was given. */
export interface IdChecks {
  /** Throws InvalidIdError. */
  checkInstanceId(id: unknown): string;
  /** Throws InvalidIdError. */
  checkEntityKey(key: unknown): string;
  /** Throws InvalidNameError. */
  checkName(
    name: unknown,
    kind: 'entity' | 'orchestrator' | 'activity' | 'operation' | 'event' | 'patch' | 'reminder',
  ): string;
}
