/** Who has locked an entity. */
export interface LockedBy {
  /** The orchestration instance. */
  readonly instanceId: string;
  /** Since when. */
  readonly since: Date;
  /** When the lease of the lock runs out. */
  readonly until: Date;
}

/** What is told of a lock. */
export function lockedBy(
  instanceId: string,
  { since, until }: { readonly since: number; readonly until: number },
): LockedBy {
  return { instanceId, since: new Date(since), until: new Date(until) };
}
