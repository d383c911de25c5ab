import type { EntityExecutor } from '../core/entity-executor.js';
import { DELETION, type OperationOutcome } from '../core/operation.js';
import type { InputBody } from './activation.js';
import type { Agenda } from './agenda.js';
import type { TransactionalState } from './transactional-state.js';

/** Whether a client deletes the entity. That needs neither its class nor its state: what nobody can read any more can be deleted. */
export function isDeletion(input: InputBody): boolean {
  return input.kind === 'operation' && input.name === DELETION;
}

/** Deletes an entity; without its class there is no executor. */
export function deletionOf(
  { exists }: TransactionalState,
  agenda: Agenda,
  executor: EntityExecutor | undefined,
): OperationOutcome {
  executor?.load(undefined);
  const reminders = new Map(agenda.reminders(undefined).map(({ name }) => [name, undefined]));
  return { changed: exists, state: undefined, result: exists, messages: [], ...(reminders.size > 0 && { reminders }) };
}
