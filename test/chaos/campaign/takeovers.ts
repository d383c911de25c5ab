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

/** The longest times, in milliseconds, of 99 in 100: for partitions after kill -9 and after a stop, for writes of a cluster. */
const BOUNDS = { killUndisturbed: 11_000, stopUndisturbed: 1_000, serverKill: 10_000 } as const;

/** One partition that stood still behind a fault, in milliseconds. */
export interface Takeover {
  readonly kind: 'kill' | 'stop' | 'serverKill';
  readonly partition: number;
  /** When the fault began, of `Date.now()`. */
  readonly at: number;
  readonly time: number;
  /** Nothing else went wrong meanwhile, or shortly before. Of servers it is not told. */
  readonly isUndisturbed?: boolean;
}

/**
 * What a fault has done may last so long behind it, in milliseconds: a killed worker keeps its leases for 9 s, its partitions have
 * to be taken over then, and whoever takes its place has to start.
 */
const AFTERMATH = 10_000;

/**
 * From the fault to the first commit of a next owner, for each partition that its process owned: after kill -9; and after
 * the request to stop, counted from the last commit of the worker that leaves. Also how long writes stood still after a server
 * was killed.
 */
export function takeovers({ faults, audit }: Events): Takeover[] {
  return faults.flatMap((fault) => {
    if (fault.kind === 'serverKill') return writesBack(fault, audit);
    if (fault.kind !== 'workerKill' && fault.kind !== 'workerStop') return [];
    const kind = fault.kind === 'workerKill' ? 'kill' : 'stop';
    return audit.ownedAt(fault.pid ?? 0, fault.from).flatMap((reign) => {
      const committed = audit.committedAfter(reign);
      if (committed === undefined) return [];
      const from = kind === 'kill' ? fault.from : Math.max(fault.from, reign.lastCommit ?? fault.from);
      // What is too late already when the next fault begins is so by itself.
      const end = Math.min(committed, from + BOUNDS[`${kind}Undisturbed`]);
      const isUndisturbed = isAlone(fault, end, faults);
      const time = Math.max(0, committed - from);
      return [{ kind, partition: reign.partition, at: fault.from, time, isUndisturbed }];
    });
  });
}

/** The times of takeovers by what they followed, and those again during which nothing else went wrong. */
export function timesOf(all: readonly Takeover[]): Record<string, number[]> {
  const undisturbed = all.filter(({ isUndisturbed }) => isUndisturbed);
  const times = (kind: Takeover['kind'], of = all): number[] =>
    of.filter((one) => one.kind === kind).map(({ time }) => time);
  return {
    kill: times('kill'),
    killUndisturbed: times('kill', undisturbed),
    stop: times('stop'),
    stopUndisturbed: times('stop', undisturbed),
    serverKill: times('serverKill'),
  };
}

function isAlone(fault: Fault, end: number, faults: readonly Fault[]): boolean {
  return faults.every((other) => other === fault || other.to < fault.from - AFTERMATH || other.from > end);
}

/** For each partition, from the kill to the next commit. */
function writesBack({ from }: Fault, audit: LogAudit): Takeover[] {
  return audit
    .nextCommits(from)
    .map(([partition, at]) => ({ kind: 'serverKill', partition, at: from, time: at - from }));
}

/** Partitions whose owner stood still and was replaced before it went on, by what kept it. */
export interface FormerOwners {
  /** Stopped by SIGSTOP. */
  readonly frozen: number;
  /** Its event loop was blocked by a handler. */
  readonly blocked: number;
  /** Its connections kept what it sent. */
  readonly jammed: number;
}

const STANDING = { workerFreeze: 'frozen', busy: 'blocked', longBusy: 'blocked', jam: 'jammed' } as const;

export function formerOwners({ faults, audit }: Events): FormerOwners {
  const counts = { frozen: 0, blocked: 0, jammed: 0 };
  const counted = new Set<Reign>();
  for (const [kind, what] of Object.entries(STANDING))
    for (const { pid = 0, from, to, stood = [from, to] } of faults.filter((fault) => fault.kind === kind))
      for (const reign of audit.ownedAt(pid, stood[0])) {
        const next = audit.after(reign);
        if (!next || next.pid === pid || next.began >= stood[1] || counted.has(reign)) continue;
        counted.add(reign);
        counts[what]++;
      }
  return counts;
}

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
