import type { EntityExecutor } from '../core/entity-executor.js';
import type { OperationOutcome } from '../core/operation.js';
import type { Agenda } from './agenda.js';
import type { TransactionalState } from './transactional-state.js';

/** Deletes an entity, also one that nobody can read any more; without its class there is no executor. */
export function deletionOf(
  { exists }: TransactionalState,
  agenda: Agenda,
  executor: EntityExecutor | undefined,
): OperationOutcome {
  executor?.load(undefined);
  const reminders = new Map(agenda.reminders(undefined).map(({ name }) => [name, undefined]));
  return { changed: exists, state: undefined, result: exists, messages: [], ...(reminders.size > 0 && { reminders }) };
}
