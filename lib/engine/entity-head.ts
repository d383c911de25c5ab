import type { EntityId } from '../core/history.js';
import { formatOf } from '../wire/entity-state.js';
import type { EntityHead, Head } from '../wire/head.js';
import type { LockHeld } from '../wire/locks.js';
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

/** What is stored of an entity now: its head, and when it has to be loaded again. */
export function capturedEntity(
  id: EntityId,
  parts: Parts,
  {
    exists,
    held,
    dueAt,
  }: { readonly exists: boolean; readonly held: LockHeld | undefined; readonly dueAt: number | undefined },
): Captured {
  const { journals, locks, planned } = parts;
  // Of what does not exist, is not locked, and has nothing before it, nothing is kept.
  if (!exists && !journals && !locks && !planned)
    return { wake: undefined, head: (stamp): Head => ({ v: 1, type: 'tombstone', ...stamp }) };
  return {
    wake:
      (held && { executionId: held.holder.executionId, at: held.until, load: true }) ??
      (planned && { executionId: 'entity', at: dueAt! }),
    head: entityHead(id, parts),
  };
}

/** The head of an entity, once it is known which record it shows. */
function entityHead({ name, key }: EntityId, parts: Parts): Captured['head'] {
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
