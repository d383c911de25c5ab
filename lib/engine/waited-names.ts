import { versionedName } from '../core/orchestrator-version.js';
import type { WaitedName } from '../wire/queries.js';
import type { Instance } from './instance.js';

/** The names whose code some of these instances wait for, and how many do. */
export function waitedNames(instances: Iterable<Instance>): readonly WaitedName[] {
  const names = new Map<string, { kind: WaitedName['kind']; name: string; instances: number }>();
  for (const { waitsFor } of instances) {
    if (!waitsFor) continue;
    const { kind } = waitsFor;
    const name = versionedName(waitsFor);
    const known = names.get(`${kind} ${name}`);
    if (known) known.instances++;
    else names.set(`${kind} ${name}`, { kind, name, instances: 1 });
  }
  return [...names.values()];
}
