import type { Names } from '../core/names.js';
import type { Constructor } from '../core/values.js';
import { activitiesDefinition } from './activities-definition.js';
import type { ActivitiesDefinition, EntityDefinition, OrchestratorDefinition } from './definition.js';
import { entityDefinition } from './entity-definition.js';
import { orchestratorDefinition } from './orchestrator-definition.js';

/** The resolver of the core and the client: a class's definition, read once. Throws DefinitionError as the readers do. */
export const names = {
  entity: once(entityDefinition),
  orchestrator: once(orchestratorDefinition),
  activities: once(activitiesDefinition),
} satisfies Names;

function once<D extends EntityDefinition | OrchestratorDefinition | ActivitiesDefinition>(
  read: (type: Constructor) => D,
): (type: Constructor) => D {
  const definitions = new WeakMap<Constructor, D>();
  return (type) => {
    const known = definitions.get(type);
    if (known) return known;
    const definition = read(type);
    definitions.set(type, definition);
    return definition;
  };
}
