import { deadlineAfter } from './owner-queries.js';
import type { Wait } from './waits.js';

/** The pauses between looks behind notices, in milliseconds; the last one again and again. */
const PAUSES = [1_000, 2_000, 4_000, 8_000];
const LONGEST_PAUSE = 10_000;

/**
 * Looks again and again, ever more slowly and patiently, while something is waited for: behind notices, which may get lost.
 * A look that throws ends the waiting with what it threw.
 */
export async function recheck<T>(wait: Wait<T>, look: (deadline: number) => Promise<void>): Promise<void> {
  try {
    for (let times = 0; ; times++) {
      await wait.pause(PAUSES[times] ?? LONGEST_PAUSE);
      if (wait.isOver) return;
      await look(deadlineAfter(times));
    }
  } catch (error) {
    wait.fail(error);
  }
}
