import type { Clock } from './ports.js';

/** Resolves with the promise, or after so many milliseconds with what `late` gives. */
export function settledIn<T>(clock: Clock, milliseconds: number, promise: Promise<T>, late: () => T): Promise<T> {
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, () => resolve(late()));
    void promise.then((settled) => {
      cancel();
      resolve(settled);
    });
  });
}

/** Resolves with the promise, or after so many milliseconds, when `late` is told; rejects as the promise does. */
export async function inTime(
  clock: Clock,
  milliseconds: number,
  promise: Promise<void>,
  late: () => void,
): Promise<void> {
  let cancel = (): void => {};
  const timeout = new Promise<void>((resolve) => {
    cancel = clock.after(milliseconds, () => {
      late();
      resolve();
    });
  });
  try {
    await Promise.race([promise, timeout]);
  } finally {
    cancel();
  }
}
