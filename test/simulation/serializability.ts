/** Something that took place at once, as far as anybody can tell: a transaction, or an operation or read of one entity. */
export interface Committed {
  readonly id: string;
  /** By entity: the version that it found, of which it made the next one if it writes. */
  readonly touched: ReadonlyMap<string, { readonly version: number; readonly isWritten: boolean }>;
  /** When it was called, and when it was known to be over, by one clock. */
  readonly called: number;
  readonly returned: number;
}

/**
 * What makes a history not strictly serializable; nothing: it is. The versions of an entity are the order of what touched it
 * (Adya, 1999): what wrote a version stands before what found it, and that before what wrote the next one. To these comes real
 * time. There is an order of all exactly if nothing stands before itself.
 */
export function notSerializable(history: readonly Committed[]): string[] {
  const before = new Map(history.map((one) => [one, new Set(history.filter((other) => isBefore(other, one)))]));
  const left = new Set(history);
  for (let isShorter = true; isShorter;) {
    isShorter = false;
    for (const one of left) {
      if ([...before.get(one)!].some((other) => left.has(other))) continue;
      left.delete(one);
      isShorter = true;
    }
  }
  if (left.size === 0) return [];
  return [`no order of ${[...left].map(textOf).join(', ')} explains what they found`];
}

/** Whether the first has to stand before the second. */
function isBefore(a: Committed, b: Committed): boolean {
  if (a === b) return false;
  if (a.returned < b.called) return true;
  for (const [key, mine] of a.touched) {
    const other = b.touched.get(key);
    if (!other) continue;
    if (mine.isWritten && mine.version < other.version) return true;
    if (other.isWritten && mine.version === other.version) return true; // two that write the same version: one is lost
    if (!mine.isWritten && other.isWritten && mine.version < other.version) return true;
  }
  return false;
}

function textOf({ id, touched }: Committed): string {
  const texts = Array.from(touched, ([key, { version, isWritten }]) => `${key}${isWritten ? '+' : '='}${version}`);
  return `${id} (${texts.join(' ')})`;
}
