import type { SeededRandom } from '../../../lib/memory/random.js';
import type { FaultKind } from './nemeses.js';

/** How often each kind comes in a deck: the mix of a run. */
export type Mix = Readonly<Partial<Record<FaultKind, number>>>;

export const usualMix: Mix = {
  workerKill: 10,
  workerFreeze: 4,
  workerStop: 2,
  serverKill: 5,
  serverFreeze: 2,
  reset: 5,
  blackHole: 2,
  busy: 2,
  longBusy: 1,
  deleteConsumers: 1,
};

/** Former owners: workers that freeze and wake, and workers whose commits arrive when others have taken over. */
export const zombieMix: Mix = { workerFreeze: 1, jam: 2 };

/** The kinds of faults of a run, endlessly: first one of each kind, then decks of the mix, all shuffled by the seed. */
export function* kinds(mix: Mix, random: SeededRandom): Generator<FaultKind, never> {
  const all = Object.entries(mix) as [FaultKind, number][];
  yield* shuffled(
    all.map(([kind]) => kind),
    random,
  );
  for (;;)
    yield* shuffled(
      all.flatMap(([kind, times]) => Array.from({ length: times }, () => kind)),
      random,
    );
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const left = [...items];
  return Array.from(items, () => left.splice(random.below(left.length), 1)[0]!);
}
