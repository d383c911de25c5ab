import { cpus } from 'node:os';
import { detailsOf } from './details.js';
import { figuresOf, round, type Run } from './figures.js';
import type { Fault, FaultKind } from './nemeses.js';
import { percentiles, slowTakeovers, takeovers, timesOf, type Percentiles, type Takeover } from './takeovers.js';

/** A run in figures, for people and for the file; every zero stands beside what it was counted of. */
export interface Report {
  readonly seed: number;
  readonly isGood: boolean;
  /** Why it is not good, or does not count. */
  readonly complaints: readonly string[];
  readonly sentence: string;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly figures: Readonly<Record<string, number>>;
  readonly takeovers: Readonly<Record<string, Percentiles>>;
  /** The counts and times for people, a line for each subject. */
  readonly details: readonly string[];
  /** Each partition that stood still behind a fault. */
  readonly standstills: readonly Takeover[];
  readonly log: readonly Fault[];
  /** The orchestrations that ended last, and when: in seconds after the last fault, or after what they waited for was sent. */
  readonly latest: readonly (readonly [instanceId: string, seconds: number])[];
  /** What is needed to find out why, when it is not good. */
  readonly evidence?: Pick<Run, 'findings' | 'inspection' | 'workerLines'>;
}

/** So many milliseconds after the last fault nothing may wait; looking for it takes a while, too. */
const LATE = 65_000;
/** So many of the orchestrations that ended last are named. */
const LATEST = 20;

export function reportOf(run: Run): Report {
  const { findings, audit, accepted, faults } = run;
  const { lost, duplicated, disordered, notLinear, wrong, unended } = findings;
  const latest = latestOf(run);
  const lastEnd = Math.max(0, latest[0]?.[1] ?? 0);
  const standstills = takeovers(run);
  const times = Object.fromEntries(
    Object.entries(timesOf(standstills)).map(([kind, each]) => [kind, percentiles(each)]),
  );
  const figures = figuresOf(run, lastEnd);
  const complaints = [
    ...faults.filter(({ proof }) => proof === undefined).map(({ kind, target }) => `${kind} did not act: ${target}`),
    ...named('lost', lost),
    ...named('duplicated', duplicated),
    ...named('out of order', disordered),
    ...named('not linearizable', notLinear),
    ...named('wrong', wrong),
    ...named('not ended', unended),
    ...named('log', audit.violations),
    ...named('unread', audit.gaps),
    ...unaudited(run),
    ...named('error', accepted.errors),
    ...run.ends
      .filter(({ end }) => end !== 0)
      .map(({ end, lines }) => `a worker that was stopped ended with ${end}, and had said ${JSON.stringify(lines)}`),
    ...named('too slow', slowTakeovers(faults, run.replicas, times)),
    ...named('without an answer 60 s after the last fault', run.open),
    ...(run.consumed - run.lastFault > LATE ? ['mail waited for more than 60 s after the last fault'] : []),
  ];
  const by: Partial<Record<FaultKind, number>> = {};
  for (const { kind } of faults) by[kind] = (by[kind] ?? 0) + 1;
  return {
    seed: run.seed,
    isGood: complaints.length === 0,
    complaints,
    sentence: sentenceOf(run, by, lastEnd),
    environment: {
      server: `nats-server ${run.version}`,
      sync: 'server default (every 2 minutes)',
      replicas: run.replicas,
      workers: run.workers,
      node: process.version,
      processors: cpus().length,
    },
    faults: by,
    figures,
    takeovers: times,
    details: detailsOf(figures, times),
    standstills,
    log: faults,
    latest,
    ...(complaints.length > 0 && {
      evidence: { findings, inspection: run.inspection, workerLines: run.workerLines },
    }),
  };
}

function sentenceOf(run: Run, by: Partial<Record<FaultKind, number>>, lastEnd: number): string {
  const { lost, duplicated, disordered, wrong, unended } = run.findings;
  const kinds = Object.entries(by).map(([kind, times]) => `${times} x ${kind}`);
  const ended = run.accepted.orchestrations.size - unended.length;
  return (
    `${run.faults.length} faults (${kinds.join(', ')}) in ${run.minutes.toFixed(1)} minutes under ${run.accepted.operations} ` +
    `operations: ${lost.length} lost, ${duplicated.length} duplicated, ${disordered.length} out of order, ${wrong.length} wrong, ` +
    `${ended} of ${run.accepted.orchestrations.size} orchestrations ended, the last ${lastEnd.toFixed(1)} s after the last fault; ` +
    `${run.audit.staleCommits} stale commits in ${run.audit.records} records. nats-server ${run.version}, R${run.replicas}, ` +
    `default sync, ${run.workers} workers. Reproduce: ${run.command}`
  );
}

function latestOf({ accepted, lastFault }: Run): Report['latest'] {
  const ends = [...accepted.orchestrations].map(([id, { endedAt = Infinity, since = 0 }]) => {
    return [id, round((endedAt - Math.max(lastFault, since)) / 1_000)] as const;
  });
  return ends.sort(([, one], [, other]) => other - one).slice(0, LATEST);
}

/** What was acknowledged is in the logs; what a process counted in its last tenth of a second before a kill, nobody knows. */
function unaudited({ workerCounts: { acknowledged }, audit: { records } }: Run): string[] {
  return records < acknowledged ? [`${acknowledged} records were acknowledged, and ${records} audited`] : [];
}

/** The first few of a kind, and how many there are. */
function named(what: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  return [`${items.length} x ${what}: ${items.slice(0, 8).join('; ')}`];
}
