import { CorruptHistoryError, VersionTooNewError } from '../errors.js';

/** Whether what is stored of an instance is damaged: it alone cannot go on. */
export function isDamage(error: unknown): error is CorruptHistoryError {
  return error instanceof CorruptHistoryError;
}

/** Whether what is stored of an instance cannot be read here: it is damaged, or a newer version has written it. */
export function isUnreadable(error: unknown): error is CorruptHistoryError | VersionTooNewError {
  return isDamage(error) || error instanceof VersionTooNewError;
}

/** What is read; undefined when it is damaged. */
export async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** The same promise, which resolves with undefined when what is stored of the instance cannot be read. */
export function unlessUnreadable<T>(loading: Promise<T>): Promise<T | undefined> {
  return loading.catch((error: unknown) => {
    if (isUnreadable(error)) return undefined;
    throw error;
  });
}
