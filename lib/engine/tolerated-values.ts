import type { Tolerance } from '../core/replay-check.js';
import type { Logger } from './ports.js';

/** So many differences of one replay are told one by one. */
const MOST_TOLD = 5;

/** Tells of values that differ on replay, and lets the instance go on with those of its history. */
export function toleranceOf(logger: Logger, instance: string, instanceId: string): Tolerance {
  let told = 0;
  return ({ message, difference, source }) => {
    if (told > MOST_TOLD) return;
    const text =
      told++ < MOST_TOLD
        ? `It goes on with what its history says. ${message}`
        : 'There are more differences than these.';
    logger.warn(text, { instance, instanceId, ...(difference && { difference }), ...(source && { source }) });
  };
}
