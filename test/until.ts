import { setTimeout as delay } from 'node:timers/promises';

/** Waits until the condition holds; throws when it does not within 20 s. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited 20 s in vain for ${what}.`);
    await delay(5);
  }
}
