/**
 * How much of a long suite runs: the slice that `npm test` has time for, or the whole of it under `npm run verify`.
 * What a slice leaves out is more of the same, never another kind of test.
 */
export function amount(slice: number, whole: number): number {
  return process.env['PERDURE_VERIFY'] === undefined ? slice : whole;
}
