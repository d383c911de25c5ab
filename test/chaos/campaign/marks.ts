/** Which numbers of one sender an entity has seen: ranges, and those that came again or behind a later one. */
export interface Marks {
  /** First and last of each run of consecutive numbers, rising. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
  /** Numbers that were not above all before them: copies, or out of order. */
  readonly late: readonly number[];
}

/** With one more number. */
export function added(marks: Marks | undefined, number: number): Marks {
  const { ranges, late } = marks ?? { ranges: [], late: [] };
  const [first, last] = ranges.at(-1) ?? [number, number - 1];
  if (number <= last) return { ranges, late: [...late, number] };
  if (number > last + 1) return { ranges: [...ranges, [number, number]], late };
  return { ranges: [...ranges.slice(0, -1), [first, number]], late };
}

/** Whether a number was seen in its order. */
export function has({ ranges }: Marks, number: number): boolean {
  return ranges.some(([first, last]) => first <= number && number <= last);
}

/** How many numbers were seen in their order. */
export function count({ ranges }: Marks): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
