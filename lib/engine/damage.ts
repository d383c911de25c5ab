import { CorruptHistoryError } from '../errors.js';

/** Whether what is stored of an instance is damaged: it alone cannot go on. */
export function isDamage(error: unknown): error is CorruptHistoryError {
  return error instanceof CorruptHistoryError;
}

/** The same promise, which resolves with undefined when what is stored of the instance is damaged. */
export function unlessDamaged<T>(loading: Promise<T>): Promise<T | undefined> {
  return loading.catch((error: unknown) => {
    if (isDamage(error)) return undefined;
    throw error;
  });
}
