import type { EntityId } from '../core/history.js';
import type { VersionedState } from '../core/state-migration.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import { checkEntityKey, checkName } from '../wire/checks.js';

/** An entity that somebody has named. */
export interface NamedEntity {
  readonly id: EntityId;
  /** What its class says of its states; undefined: it was named by text. */
  readonly type: VersionedState | undefined;
}

/** The entity of a class or name, and a key. Throws InvalidNameError, DefinitionError and InvalidIdError. */
export function namedEntity(entity: string | (new () => object), key: unknown): NamedEntity {
  const type = typeof entity === 'string' ? undefined : names.entity(entity as Constructor);
  const name = type ? type.name : checkName(entity, 'entity');
  return { id: { name, key: checkEntityKey(key) }, type };
}
