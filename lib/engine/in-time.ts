import type { Clock } from './ports.js';

/** Settles as the promise does, or resolves after so many milliseconds with what `late` gives. */
export function inTime<T>(clock: Clock, milliseconds: number, promise: Promise<T>, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(milliseconds, () => resolve(late()));
    promise.then(
      (settled) => {
        cancel();
        resolve(settled);
      },
      (error: unknown) => {
        cancel();
        reject(error as Error);
      },
    );
  });
}
