import type { FailureDetails } from '../errors.js';
import type { EntityId } from './history.js';

/** Why a lock was lost: its lease ran out, or an operator broke it; undefined: it was lost before. */
export type LockLoss = 'expired' | 'broken' | undefined;

const reasons = { expired: ': its lease ran out', broken: ': an operator broke it' } as const;

/** That an entity is not locked any more for a critical section, as its holder is told. */
export function lockLost({ name, key }: EntityId, reason: LockLoss): FailureDetails {
  const why = reason === undefined ? '' : reasons[reason];
  return {
    name: 'LockLostError',
    message: `The lock of ${name} "${key}" is lost${why}. What the critical section has done before is not undone.`,
    code: 'PERDURE_LOCK_LOST',
    nonRetriable: true,
    fields: { entity: `${name}/${key}`, ...(reason !== undefined && { reason }) },
  };
}
