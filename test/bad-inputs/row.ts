/** One bad (or merely odd) input and what becomes of it. Several may belong to one row of the catalogue. */
export interface BadInput {
  /** The row's number in the catalogue of bad inputs, 1 to 83. */
  readonly row: number;
  /** Where it comes in, and what it is. */
  readonly title: string;
  /** Hands the input over at that place. */
  readonly attempt: () => unknown;
  /** The error it must end in: its code and its text. Absent: it is accepted. */
  readonly error?: { readonly code: `PERDURE_${string}`; readonly text: RegExp };
  /** What an accepted input becomes. */
  readonly becomes?: unknown;
}
