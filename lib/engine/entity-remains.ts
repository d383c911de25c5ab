import type { StepOutput } from './activation.js';
import type { Agenda } from './agenda.js';
import type { EntityLocks } from './entity-locks.js';
import type { OperationJournals } from './operation-journals.js';
import type { TransactionalState } from './transactional-state.js';

/** All that may be stored of an entity. */
interface Stored {
  readonly state: TransactionalState;
  readonly locks: EntityLocks;
  readonly agenda: Agenda;
  readonly journals: OperationJournals;
}

/** A step, which says so when it leaves nothing of the entity: a head from before is of no use to anybody (docs/adr/0049). */
export function swept(output: StepOutput, stored: Stored): StepOutput {
  const { entry } = output;
  const { deleted, unplanned, ended, lock } = entry;
  if ((!deleted && !unplanned && !ended && !lock) || !isNothingAfter(entry, stored)) return output;
  const { lastFence } = stored.locks;
  return { ...output, entry: { ...entry, purged: true, ...(lastFence !== undefined && { lastFence }) } };
}

function isNothingAfter(entry: StepOutput['entry'], { state, locks, agenda, journals }: Stored): boolean {
  const { lock } = entry;
  if (!locks.isFreeAfter(lock) || state.existsAfter(entry)) return false;
  const prepared = lock?.type === 'ended' && lock.why === 'committed' ? state.prepared : undefined;
  return agenda.isEmptyAfter(prepared ?? entry) && journals.isEmptyAfter(entry);
}
