/** An operation of one entity that keeps a list, as its caller saw it; times are of one clock. */
export interface SeenOperation {
  readonly what: string;
  readonly called: number;
  readonly returned: number;
  /** How long the list was behind it. */
  readonly length: number;
  /** Whether it made the list longer by one. */
  readonly appends: boolean;
}

/**
 * What makes a history of one list not linearizable; nothing: it is. The lengths that the operations returned are the only
 * order that there may be, so nothing has to be searched (Herlihy and Wing, 1990): in that order, one that was called
 * after another had returned must stand behind it, and each append must be alone at its place.
 */
export function notLinearizable(history: readonly SeenOperation[]): string[] {
  const faults: string[] = [];
  const appended = new Map<number, string>();
  for (const { what, length, appends, called, returned } of history) {
    if (returned < called) faults.push(`${what} returned before it was called`);
    const other = appends ? appended.get(length) : undefined;
    if (other !== undefined) faults.push(`${what} and ${other} are both number ${length}`);
    if (appends) appended.set(length, what);
  }
  const byCall = history.toSorted((a, b) => a.called - b.called);
  const byReturn = history.toSorted((a, b) => a.returned - b.returned);
  let next = 0;
  let highest: SeenOperation | undefined;
  for (const operation of byCall) {
    for (; next < byReturn.length && byReturn[next]!.returned < operation.called; next++)
      if (!highest || byReturn[next]!.length > highest.length) highest = byReturn[next];
    const least = highest ? highest.length + (operation.appends ? 1 : 0) : 0;
    if (operation.length < least)
      faults.push(
        `${operation.what}, called after ${highest!.what} had returned, saw ${operation.length} before ${highest!.length}`,
      );
  }
  return faults;
}
