import { openOnServer } from './real-server.js';
import type { Operation } from './operation.js';
import { difference, trace, type Step } from './trace.js';
import { openTwin } from './twin.js';

/** A list, and what a real server answered. */
export interface Recording {
  readonly list: readonly Operation[];
  readonly real: readonly Step[];
}

/**
 * Carries out a list on the twin and on the server at this address; throws when they differ. A list that took longer than
 * the limit, in milliseconds, or met an unknown outcome, is carried out again: the machine was too slow to compare it.
 */
export async function compare(url: string, list: readonly Operation[], limit: number): Promise<Recording> {
  const twin = await trace(openTwin(), list);
  for (let tries = 1; ; tries++) {
    const side = await openOnServer(url, limit);
    try {
      const real = await trace(side, list, twin);
      const unclear = side.isUnclear();
      if (unclear === undefined) {
        const found = difference(list, { twin, real });
        if (found !== undefined) throw new Error(found);
        return { list, real };
      }
      if (tries === 5) throw new Error(`A list could not be compared in ${tries} tries: ${unclear}`);
    } finally {
      await side.end();
    }
  }
}
