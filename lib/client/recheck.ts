import { deadlineAfter } from './owner-queries.js';
import type { Wait } from './waits.js';

/** The pauses between looks behind notices, in milliseconds; the last one again and again. */
const PAUSES = [1_000, 2_000, 4_000, 8_000];
const LONGEST_PAUSE = 10_000;

/**
 * Looks again and again, ever more slowly and patiently, while something is waited for: behind notices, which may get lost.
 * A look that throws ends the waiting with what it threw.
 */
export function recheck<T>(wait: Wait<T>, look: (deadline: number) => Promise<void>, times = 0): void {
  wait.after(PAUSES[times] ?? LONGEST_PAUSE, () => {
    look(deadlineAfter(times)).then(
      () => recheck(wait, look, times + 1),
      (error: unknown) => wait.fail(error),
    );
  });
}
