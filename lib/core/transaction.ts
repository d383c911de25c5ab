import type { EntityReference } from './lock.js';
import type { OperationCalls } from './proxies.js';
import type { Orchestration, Task } from './task.js';
import type { Constructor } from './values.js';

/** How a transaction is carried out. */
export interface TransactionOptions {
  /**
   * How long each entity waits for its end before it asks, counted from the moment when it is locked, in milliseconds: 1 to
   * 86,400,000 (a day). A transaction that is not decided by then is aborted. Default 60,000.
   */
  readonly timeoutInMilliseconds?: number | undefined;
}

/** An entity of a transaction that is named by text: calls its operations by their names. */
export type NamedParticipant = <T = unknown>(operation: string, input?: unknown) => Task<T>;

/** What the body of a transaction gets: for each entity, in the order given, what calls its operations. */
export type Participants<E extends readonly EntityReference[]> = {
  -readonly [I in keyof E]: E[I] extends readonly [infer T, string]
    ? T extends Constructor<infer C>
      ? OperationCalls<C, 'task'>
      : NamedParticipant
    : never;
};

/** What a transaction does: it is committed when this returns, and aborted when it throws. */
export type TransactionBody<E extends readonly EntityReference[], R> = (
  ...participants: Participants<E>
) => Orchestration<R>;
