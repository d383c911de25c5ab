import { openOnServer } from './real-server.js';
import type { Operation } from './operation.js';
import { difference, trace, type Step } from './trace.js';
import { openTwin } from './twin.js';

/** A list, and what a real server answered. */
export interface Recording {
  readonly list: readonly Operation[];
  readonly real: readonly Step[];
}

/** A list is carried out so often until it can be compared. */
const TRIES = 5;

/**
 * Carries out a list on the twin and on the server at this address; throws when they differ, and differ again when the
 * list is repeated: `told` hears of what was seen once. A list that took longer than the limit, in milliseconds, or met an
 * unknown outcome can not be compared, and is repeated, too.
 */
export async function compare(
  url: string,
  list: readonly Operation[],
  limit: number,
  told: (what: string) => void,
): Promise<Recording> {
  const twin = await trace(openTwin(), list);
  let seen: string | undefined;
  for (let tries = 1; tries <= TRIES; tries++) {
    const { real, unclear } = await onServer(url, list, limit, twin);
    if (unclear !== undefined) {
      told(`repeated: ${unclear}`);
      continue;
    }
    const found = difference(list, { twin, real });
    if (found === undefined) return { list, real };
    if (seen !== undefined) throw new Error(found);
    seen = found;
    told(`seen once: ${found}`);
  }
  throw new Error(`A list could not be compared in ${TRIES} tries`);
}

async function onServer(url: string, list: readonly Operation[], limit: number, guide: readonly Step[]) {
  const side = await openOnServer(url, limit);
  try {
    const real = await trace(side, list, guide);
    return { real, unclear: side.isUnclear() };
  } finally {
    await side.end();
  }
}
