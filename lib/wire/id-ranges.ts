/** Numbers as ranges, flat: first, last, first, last. What was called together mostly has consecutive numbers. */
export function rangesOf(ids: Iterable<number>): readonly number[] {
  const ranges: number[] = [];
  for (const id of [...ids].sort((a, b) => a - b)) {
    if (ranges.length > 0 && ranges.at(-1) === id - 1) ranges[ranges.length - 1] = id;
    else ranges.push(id, id);
  }
  return ranges;
}

/** The numbers in ranges. */
export function* idsIn(ranges: readonly number[]): Generator<number> {
  for (let at = 0; at + 1 < ranges.length; at += 2) for (let id = ranges[at]!; id <= ranges[at + 1]!; id++) yield id;
}
