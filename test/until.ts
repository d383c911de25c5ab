import { setTimeout as delay } from 'node:timers/promises';

/** Waits until the condition holds; throws when it does not within 20 s, or as many as are given. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, seconds = 20): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${seconds} s in vain for ${what}.`);
    await delay(5);
  }
}

/** The value of a promise; throws when it has not settled within 20 s, or as many as are given. */
export async function inTime<T>(promise: Promise<T>, what: string, seconds = 20): Promise<T> {
  const over = new AbortController();
  const late = async (): Promise<never> => {
    await delay(seconds * 1_000, undefined, { signal: over.signal });
    throw new Error(`Waited ${seconds} s in vain for ${what}.`);
  };
  try {
    return await Promise.race([promise, late()]);
  } finally {
    over.abort();
  }
}
