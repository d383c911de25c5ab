import type { CampaignOptions } from './campaign.js';
import type { FaultKind } from './nemeses.js';
import type { Mix } from './schedule.js';

/** What a run is like unless it is said. */
export const usual = { workers: 3, replicas: 1, operationsPerSecond: 200 } as const;

/** The command line that makes the same run, by `main.ts`; options of the workers' Node.js have none. */
export function commandOf(options: CampaignOptions): string {
  const { seed, minutes, workers, replicas, operationsPerSecond, mix = {}, pause } = options;
  return [
    `npm run chaos -- --minutes ${minutes} --seed ${seed}`,
    ...option('workers', workers, usual.workers),
    ...option('replicas', replicas, usual.replicas),
    ...option('rate', operationsPerSecond, usual.operationsPerSecond),
    ...option('pause', pause),
    ...Object.entries(mix).flatMap(([kind, times]) => Array.from({ length: times }, () => `--only ${kind}`)),
  ].join(' ');
}

/** The mix that `--only` asks for, as often as it names each kind; undefined: the usual one. */
export function mixOf(kinds: readonly string[]): Mix | undefined {
  if (kinds.length === 0) return undefined;
  const mix: Partial<Record<FaultKind, number>> = {};
  for (const kind of kinds as readonly FaultKind[]) mix[kind] = (mix[kind] ?? 0) + 1;
  return mix;
}

function option(name: string, value: number | undefined, whenNot?: number): string[] {
  return value === undefined || value === whenNot ? [] : [`--${name} ${value}`];
}
