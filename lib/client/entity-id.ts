import type { EntityId } from '../core/history.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import { checkEntityKey, checkName } from '../wire/checks.js';

/** The id of an entity that is given by its class or name. Throws InvalidNameError, DefinitionError and InvalidIdError. */
export function entityIdOf(entity: string | (new () => object), key: unknown): EntityId {
  const name = typeof entity === 'string' ? checkName(entity, 'entity') : names.entity(entity as Constructor).name;
  return { name, key: checkEntityKey(key) };
}
