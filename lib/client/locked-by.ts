/** Who has locked an entity. */
export interface LockedBy {
  /** The orchestration instance. */
  readonly instanceId: string;
  /** Since when. */
  readonly since: Date;
  /** When the lease of the lock runs out; of a transaction: when the entity asks how that ends. */
  readonly until: Date;
  /** It is locked for a transaction. */
  readonly isTransaction?: true;
}

/** What is told of a lock. */
export function lockedBy(
  instanceId: string,
  { since, until, transaction }: { readonly since: number; readonly until: number; readonly transaction?: boolean },
): LockedBy {
  const lock = { instanceId, since: new Date(since), until: new Date(until) };
  return transaction ? { ...lock, isTransaction: true } : lock;
}
