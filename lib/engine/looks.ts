import type { Clock } from './ports.js';

/** After an unclear write or a stale read, look again after so many milliseconds. */
export const RETRY = 20;

/**
 * What is seen once it is what is looked for: of several replicas a deposed leader may not know the last writes yet (P11).
 * After so many looks what was seen last, whatever it is.
 */
export async function lookFor<T>(
  clock: Clock,
  looks: number,
  look: () => Promise<T>,
  isIt: (seen: T) => boolean,
): Promise<T> {
  for (let looked = 1; ; looked++) {
    const seen = await look();
    if (looked === looks || isIt(seen)) return seen;
    await new Promise<void>((resolve) => clock.after(RETRY, resolve));
  }
}
