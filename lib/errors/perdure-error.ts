/** The base of every error this package throws on purpose. */
export abstract class PerdureError extends Error {
  /** What went wrong, as text that never changes: `switch` on it. Kept when the error travels as data. */
  abstract readonly code: `PERDURE_${string}`;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
