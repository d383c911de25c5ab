import type { EntityId, HistoryEvent } from '../core/history.js';
import { isClosing } from '../core/replay-check.js';
import { entityAddress } from '../wire/addresses.js';
import type { Addressed, Caller } from '../wire/messages.js';

/** The critical section of an execution, as its history has it. */
export interface HeldLock {
  /** The number of its request. */
  readonly id: number;
  readonly entities: readonly EntityId[];
  /** Once it is granted: the entities' fencing numbers. */
  readonly fences?: readonly number[];
}

/** The critical section after an event: its request begins it, its release and the end of the execution end it. */
export function lockAfter(lock: HeldLock | undefined, event: HistoryEvent): HeldLock | undefined {
  if (event.type === 'LockRequested') return { id: event.id, entities: event.entities };
  if (!lock) return undefined;
  if (event.type === 'LockGranted' && event.id === lock.id) return { ...lock, fences: event.fences };
  const isOver = event.type === 'LockReleased' ? event.lockId === lock.id : isStart(event) || isClosing(event);
  return isOver ? undefined : lock;
}

function isStart({ type }: HistoryEvent): boolean {
  return type === 'ExecutionStarted';
}

/**
 * What ends a critical section (P22): once it is granted, a release for each entity; before, a cancellation that follows the
 * request from entity to entity. A transaction that it does not commit is aborted by that (P23).
 */
export function endOfLock(
  { entities, fences, commit }: Omit<HeldLock, 'id'> & { readonly commit?: true },
  holder: Caller,
): readonly Addressed[] {
  const addresses = entities.map(entityAddress);
  if (!fences) return [[addresses[0]!, { kind: 'lockCancel', holder, entities: addresses, at: 0 }]];
  const end = { kind: 'lockRelease', holder, ...(commit && { commit }) } as const;
  return addresses.map((address, at) => [address, { ...end, fence: fences[at]! }]);
}
