import { PartlySentError, PerdureError } from '../errors.js';

/** What all of them became. Throws PartlySentError when not all became something. */
export async function allSent<T>(sent: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(sent);
  const done = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (done.length === settled.length) return done;
  throw new PartlySentError(settled);
}

/** Counts what becomes of many messages. */
export class Together {
  readonly #count: number;
  readonly #errors = new Map<number, unknown>();
  readonly #ended: Uint8Array;
  #left: number;
  #whenAll: (failure: PartlySentError | undefined) => void = () => {};

  constructor(count: number) {
    this.#count = count;
    this.#left = count;
    this.#ended = new Uint8Array(count);
  }

  /** One is stored, or never will be. */
  ended(at: number, error?: unknown): void {
    if (this.#ended[at] === 1) return;
    this.#ended[at] = 1;
    if (error !== undefined) this.#errors.set(at, error);
    if (--this.#left === 0) this.#tell();
  }

  /** Calls once all have ended. */
  whenAll(call: (failure: PartlySentError | undefined) => void): void {
    this.#whenAll = call;
    if (this.#left === 0) this.#tell();
  }

  /** What became of all; of those that have not ended, if there are any, this. */
  failure(open?: Error): PartlySentError {
    return new PartlySentError(
      Array.from({ length: this.#count }, (_, at) => {
        const reason = this.#ended[at] === 1 ? this.#errors.get(at) : open;
        return reason === undefined ? { status: 'fulfilled', value: undefined } : { status: 'rejected', reason };
      }),
    );
  }

  #tell(): void {
    this.#whenAll(this.#errors.size > 0 ? this.failure() : undefined);
  }
}

/** Runs something of one of many; what it throws says which. */
export function inPlace<T>(place: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof PerdureError) error.message = `${place}: ${error.message}`;
    throw error;
  }
}
