import type { EntityExecutor } from '../core/entity-executor.js';
import { DELETION, RESTORATION, type OperationOutcome } from '../core/operation.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { OperationMessage } from '../wire/messages.js';
import { readRestoredEntity } from '../wire/restoration.js';
import type { InputBody } from './activation.js';
import type { Agenda } from './agenda.js';
import { deletionOf } from './entity-deletion.js';
import type { FetchedValues } from './fetched-values.js';
import type { TransactionalState } from './transactional-state.js';

/** Whether a client asks something of the entity as a whole. That needs neither its class nor its state. */
export function isCommand(input: InputBody): boolean {
  return input.kind === 'operation' && (input.name === DELETION || input.name === RESTORATION);
}

/** What becomes of it. Without the class of the entity there is no executor. Throws CorruptHistoryError for a state that is none. */
export function commanded(
  { name, input, inputRef }: OperationMessage,
  state: TransactionalState,
  agenda: Agenda,
  executor: EntityExecutor | undefined,
  fetched: FetchedValues,
): OperationOutcome {
  if (name === DELETION) return deletionOf(state, agenda, executor);
  if (state.exists) return { changed: false, state: state.value, result: false, messages: [] };
  const restored = readRestoredEntity(inputRef ? fetched.of(inputRef) : input);
  const { stateVersion = FIRST_VERSION } = restored;
  executor?.load(restored.state, stateVersion);
  return { changed: true, state: restored.state, stateVersion, result: true, messages: [] };
}
