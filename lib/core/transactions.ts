import type { CriticalSections, Requested } from './critical-sections.js';
import type { CoreDependencies } from './dependencies.js';
import { operationsOf } from './entity-target.js';
import type { EntityReference } from './lock.js';
import type { Orchestration } from './task.js';
import type { Participants, TransactionBody, TransactionOptions } from './transaction.js';

/** Asks for the entities of a transaction; what waits for them, carries out the body, and decides. */
export function beginTransaction<E extends readonly EntityReference[], R>(
  sections: CriticalSections,
  dependencies: CoreDependencies,
  entities: E,
  body: TransactionBody<E, R>,
  { timeoutInMilliseconds }: TransactionOptions = {},
): Orchestration<R> {
  const requested = sections.requestTransaction(entities, timeoutInMilliseconds);
  const participants = entities.map((entity) => participant(sections, dependencies, requested, entity));
  return transacted(sections, requested, () => body(...(participants as Participants<E>)));
}

/**
 * The transaction whose section is asked for.
 *
 * X1. It is committed when the body has returned and every call has been answered, none with a failure; whatever else
 *     happens aborts it (P23).
 * X2. What commits it is recorded in the turn in which that is known; nothing is waited for in between.
 */
function* transacted<R>(
  sections: CriticalSections,
  { section, task }: Requested,
  body: () => Orchestration<R>,
): Orchestration<R> {
  yield* task;
  try {
    const result = yield* body();
    for (const call of section.calls) yield* call; // nobody has waited for them
    sections.commit(section);
    return result;
  } finally {
    sections.leave(section);
  }
}

/** What calls the operations of an entity of a transaction. */
function participant(
  sections: CriticalSections,
  dependencies: CoreDependencies,
  { section }: Requested,
  [target, key]: EntityReference,
): unknown {
  return operationsOf(dependencies, target, key, (entity, operation, given) => {
    const input = dependencies.values.encode(given);
    return sections.callIn(section, entity, { operation, ...(input !== undefined && { input }) });
  });
}
