import type { Violation } from './instance-watch.js';
import type { RelayAction, SectionAction } from './lock-script.js';

/** What a program has vaults call. */
interface Calls {
  readonly relays: readonly RelayAction[];
  readonly sections: readonly SectionAction[];
}

/** A vault has noted what came of its part of a relay; so many vaults were to follow. */
interface Hop {
  readonly id: string;
  readonly left: number;
  readonly cycle: readonly string[] | undefined;
}

/**
 * Holds what vaults noted to P18: every call is carried out once, or else its caller is told a cycle, and that is one which calls and
 * locks of the program can come to.
 */
export function checkRelays({ relays, sections }: Calls, log: readonly string[], violation: Violation): void {
  const edges = edgesOf({ relays, sections });
  const hops = new Map<string, Hop[]>();
  for (const hop of log.flatMap(hopIn)) hops.set(hop.id, [...(hops.get(hop.id) ?? []), hop]);
  for (const [id, of] of hops) checkHops(id, of, edges, violation);
  for (const { id, path } of relays)
    if (!hops.get(id)?.some(({ left }) => left === path.length - 1)) violation(`${id} was not begun`);
}

function hopIn(text: string): readonly Hop[] {
  const [, id, left, cycle] = /^(relay-\d+|section-\d+\/\d+\+*>)\/(\d+)(?: refused (.*))?$/.exec(text) ?? [];
  return id === undefined ? [] : [{ id, left: Number(left), cycle: cycle?.split(' ') }];
}

function checkHops(id: string, hops: readonly Hop[], edges: ReadonlySet<string>, violation: Violation): void {
  const byLeft = hops.toSorted((a, b) => b.left - a.left);
  const text = byLeft.map(({ left, cycle }) => (cycle ? `${left} refused` : `${left}`)).join(', ');
  for (const [at, { left, cycle }] of byLeft.entries()) {
    const next = byLeft[at + 1];
    const isRight = cycle || left === 0 ? next === undefined : next?.left === left - 1;
    if (!isRight) violation(`${id} was carried out so: ${text}`);
    if (cycle && !isCycle(cycle, edges)) violation(`${id} was told ${cycle.join(' ')}, which is no cycle`);
  }
}

function isCycle(cycle: readonly string[], edges: ReadonlySet<string>): boolean {
  const steps = cycle.slice(1).map((to, at) => `${cycle[at]} ${to}`);
  return steps.length > 0 && cycle[0] === cycle.at(-1) && steps.every((step) => edges.has(step));
}

/** Who may wait for whom: a vault for one that it calls, or for a section that has locked it; a section for its vaults. */
function edgesOf({ relays, sections }: Calls): ReadonlySet<string> {
  const edges = new Set<string>();
  const paths = [...relays.map(({ path }) => path), ...sections.map(({ script }) => script.relay ?? [])];
  for (const path of paths)
    for (const [at, key] of path.entries()) if (at > 0) edges.add(`e.vault.${path[at - 1]} e.vault.${key}`);
  for (const { instanceId, script } of sections)
    for (const key of script.keys) {
      edges.add(`e.vault.${key} o.${instanceId}`);
      edges.add(`o.${instanceId} e.vault.${key}`);
    }
  return edges;
}
