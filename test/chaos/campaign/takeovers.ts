import type { LogAudit, Reign } from './log-audit.js';
import type { Fault } from './nemeses.js';

/** What is needed to tell takeovers. */
interface Events {
  readonly faults: readonly Fault[];
  readonly audit: LogAudit;
}

/** In milliseconds. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function percentiles(times: readonly number[]): Percentiles {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/**
 * From the fault to the first commit of the next owner, for each partition that its process owned: after kill -9; after
 * the request to stop, counted from the last commit of the worker that leaves; and the same of those during which
 * nothing else went wrong. Also how long writes stood still after a server was killed.
 */
export function takeovers({ faults, audit }: Events): Record<string, number[]> {
  const times: Record<string, number[]> = {
    kill: [],
    killUndisturbed: [],
    stop: [],
    stopUndisturbed: [],
    serverKill: [],
  };
  for (const fault of faults) {
    if (fault.kind === 'serverKill') times['serverKill']!.push(...writesBack(fault, audit));
    if (fault.kind !== 'workerKill' && fault.kind !== 'workerStop') continue;
    const kind = fault.kind === 'workerKill' ? 'kill' : 'stop';
    for (const reign of audit.ownedAt(fault.pid ?? 0, fault.from)) {
      const next = audit.after(reign);
      if (next?.firstCommit === undefined) continue;
      const from = kind === 'kill' ? fault.from : Math.max(fault.from, reign.lastCommit ?? fault.from);
      const time = Math.max(0, next.firstCommit - from);
      times[kind]!.push(time);
      if (isAlone(fault, next, faults)) times[`${kind}Undisturbed`]!.push(time);
    }
  }
  return times;
}

function isAlone(fault: Fault, next: Reign, faults: readonly Fault[]): boolean {
  return faults.every((other) => other === fault || other.to < fault.from - 1_000 || other.from > next.firstCommit!);
}

/** For each partition, from the kill to the next commit. */
function writesBack({ from }: Fault, audit: LogAudit): number[] {
  return audit.nextCommits(from).map((at) => at - from);
}

/** Partitions whose owner was frozen, or had its event loop blocked, and was replaced before it woke. */
export function frozenOwners({ faults, audit }: Events): { readonly replaced: number } {
  let replaced = 0;
  for (const { kind, pid, from, to } of faults) {
    if (kind !== 'workerFreeze' && kind !== 'busy' && kind !== 'longBusy') continue;
    for (const reign of audit.ownedAt(pid ?? 0, from)) {
      const next = audit.after(reign);
      if (next && next.pid !== pid && next.began < to) replaced++;
    }
  }
  return { replaced };
}

/** The longest times, in milliseconds, of 99 in 100: for partitions after kill -9 and after a stop, for writes of a cluster. */
const BOUNDS = { killUndisturbed: 11_000, stopUndisturbed: 1_000, serverKill: 10_000 } as const;

/**
 * What took too long, of a run whose faults are all of the kind that a bound is about: others make a machine, and a
 * takeover, slow.
 */
export function slowTakeovers(
  faults: readonly Pick<Fault, 'kind'>[],
  replicas: number,
  times: Readonly<Record<string, Percentiles>>,
): string[] {
  const hasOnly = (...kinds: readonly Fault['kind'][]): boolean =>
    faults.length > 0 && faults.every(({ kind }) => kinds.includes(kind));
  const bounded: (keyof typeof BOUNDS)[] = [];
  if (hasOnly('workerKill', 'workerStop')) bounded.push('killUndisturbed', 'stopUndisturbed');
  if (replicas > 1 && hasOnly('serverKill')) bounded.push('serverKill');
  return bounded.flatMap((kind) => {
    const { p99 = 0, count = 0 } = times[kind] ?? {};
    return p99 > BOUNDS[kind] ? [`${kind}: 99 of 100 within ${p99} ms, not ${BOUNDS[kind]}, of ${count}`] : [];
  });
}
