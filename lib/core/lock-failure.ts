import type { FailureDetails } from '../errors.js';
import type { EntityId } from './history.js';

/** Why a lock was lost: its lease ran out, or an operator broke it; undefined: it was lost before. */
export type LockLoss = 'expired' | 'broken' | undefined;

const reasons = { expired: ': its lease ran out', broken: ': an operator broke it' } as const;
const abortions = { expired: 'it took longer than it may', broken: 'an operator ended it' } as const;

/** That an entity is not locked any more for a critical section, as its holder is told. */
export function lockLost(entity: EntityId, reason: LockLoss): FailureDetails {
  const why = reason === undefined ? '' : reasons[reason];
  return {
    name: 'LockLostError',
    message: `The lock of ${entity.name} "${entity.key}" is lost${why}. What the critical section has done before is not undone.`,
    code: 'PERDURE_LOCK_LOST',
    nonRetriable: true,
    fields: { entity: keyOf(entity), ...(reason !== undefined && { reason }) },
  };
}

/** That an entity waits no longer for the end of a transaction, as its orchestration is told: not decided, it is aborted. */
export function transactionLost(entity: EntityId, reason: Exclude<LockLoss, undefined>): FailureDetails {
  return aborted(`${abortions[reason]}, as ${entity.name} "${entity.key}" says`, { entity: keyOf(entity), reason });
}

/** That an operation of a transaction has failed. */
export function operationFailed(entity: EntityId, operation: string, failure: FailureDetails): FailureDetails {
  const what = `operation "${operation}" of ${entity.name} "${entity.key}" failed: ${failure.message}`;
  return { ...aborted(what, { entity: keyOf(entity), reason: 'failed' }), cause: failure };
}

function aborted(why: string, fields: NonNullable<FailureDetails['fields']>): FailureDetails {
  return {
    name: 'TransactionAbortedError',
    message: `The transaction was aborted, and nothing of it was carried out: ${why}`,
    code: 'PERDURE_TRANSACTION_ABORTED',
    nonRetriable: true,
    fields,
  };
}

/** An entity as these failures name it; a name has no slash. */
export function keyOf({ name, key }: EntityId): string {
  return `${name}/${key}`;
}
