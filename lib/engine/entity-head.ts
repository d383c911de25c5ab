import type { EntityId } from '../core/history.js';
import { formatOf } from '../wire/entity-state.js';
import type { EntityHead } from '../wire/head.js';
import type { Captured } from './activation.js';
import type { StateInHead } from './entity-state.js';

/** What a head says of an entity beside its name. */
interface Parts extends StateInHead {
  readonly updatedAt: number;
  readonly journals: EntityHead['journals'];
  readonly locks: EntityHead['locks'];
  readonly planned: EntityHead['planned'];
  readonly prepared: EntityHead['prepared'];
}

/** The head of an entity, once it is known which record it shows. */
export function entityHead({ name, key }: EntityId, parts: Parts): Captured['head'] {
  const { updatedAt, journals, locks, planned, prepared, ...state } = parts;
  const v = formatOf([{ ...state, prepared }]);
  return (stamp) => ({
    v,
    type: 'entity',
    ...stamp,
    name,
    key,
    updatedAt,
    ...state,
    ...(journals && { journals }),
    ...(locks && { locks }),
    ...(planned && { planned }),
    ...(prepared && { prepared }),
  });
}
