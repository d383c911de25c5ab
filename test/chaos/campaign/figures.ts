import type { PartitionStatus } from 'perdure';
import type { Accepted } from './accepted.js';
import type { PortCounts } from './counting-ports.js';
import type { Stopped } from './fleet.js';
import type { LogAudit } from './log-audit.js';
import type { Fault } from './nemeses.js';
import type { Findings } from './oracles.js';
import type { SendCounts } from './retrying-mail.js';
import { formerOwners } from './takeovers.js';

/** Everything that a run has to tell. */
export interface Run {
  readonly seed: number;
  readonly minutes: number;
  readonly workers: number;
  readonly replicas: number;
  readonly version: string;
  /** The command that makes the same run. */
  readonly command: string;
  readonly operationsPerSecond: number;
  readonly faults: readonly Fault[];
  readonly accepted: Accepted;
  readonly findings: Findings;
  /** Operations without an answer at the end of the grace. */
  readonly open: readonly string[];
  readonly lastFault: number;
  /** When all mail was consumed. */
  readonly consumed: number;
  /** How the workers ended that were stopped in the end. */
  readonly ends: readonly Stopped[];
  /** What an operator had to let out of quarantine. */
  readonly quarantined: readonly string[];
  readonly sends: SendCounts;
  readonly workerCounts: PortCounts;
  readonly mailStored: number;
  readonly tasksStored: number;
  readonly audit: LogAudit;
  /** What the owners said of their partitions in the end. */
  readonly inspection: readonly PartitionStatus[];
  /** What the workers logged as warnings or worse. */
  readonly workerLines: readonly string[];
}

export type Figures = Readonly<ReturnType<typeof figuresOf>>;

/** All that was counted; `lastEnd`: of the orchestrations, in seconds after the last fault. */
export function figuresOf(run: Run, lastEnd: number) {
  const { findings, audit, accepted, workerCounts, sends } = run;
  const { lost, duplicated, disordered, notLinear, wrong, unended, checked } = findings;
  const { frozen, blocked, jammed } = formerOwners(run);
  return {
    minutes: round(run.minutes),
    operations: accepted.operations,
    orchestrations: accepted.orchestrations.size,
    lost: lost.length,
    duplicated: duplicated.length,
    outOfOrder: disordered.length,
    notLinearizable: notLinear.length,
    wrong: wrong.length,
    notEnded: unended.length,
    lastEndAfterLastFaultInSeconds: round(lastEnd),
    notesChecked: checked.notes,
    timersChecked: checked.timers,
    updatesChecked: checked.updates,
    largeValuesChecked: checked.largeValues,
    transactionsChecked: checked.transactions,
    activitiesChecked: checked.activities,
    activityRuns: checked.activityRuns,
    activityRunsBeyondOne: checked.activityRuns - checked.activities,
    activitiesRunAgain: checked.activitiesRunAgain,
    historiesChecked: checked.histories,
    versionsChecked: checked.versions,
    exactReads: accepted.reads.exact,
    viewReads: accepted.reads.view,
    unknownToCallers: unknownOf(accepted),
    publishesAcknowledged: sends.acknowledged,
    publishesUnknown: sends.unknown,
    copiesSent: sends.copies,
    mailStored: run.mailStored,
    mailDelivered: workerCounts.delivered,
    mailRedelivered: Math.max(0, workerCounts.delivered - run.mailStored),
    tasksStored: run.tasksStored,
    tasksDelivered: workerCounts.tasks,
    tasksRedelivered: Math.max(0, workerCounts.tasks - run.tasksStored),
    recordsAudited: audit.records,
    recordsUnread: audit.unread,
    purgesHeldForTheAudit: workerCounts.purgesHeld,
    commitsAcknowledged: workerCounts.acknowledged,
    commitsUnknown: workerCounts.unknown,
    commitsUnknownAndStored: workerCounts.stored,
    commitsUnknownAndPublishedAgain: workerCounts.again,
    commitsRefused: workerCounts.refused,
    epochs: audit.reigns.length,
    quarantinedAndReleased: run.quarantined.length,
    frozenOwnersReplaced: frozen,
    blockedOwnersReplaced: blocked,
    jammedOwnersReplaced: jammed,
    staleCommits: audit.staleCommits,
  };
}

function unknownOf({ notes }: Accepted): number {
  let sum = 0;
  for (const senders of notes.values()) for (const { unknown } of senders.values()) sum += unknown.length;
  return sum;
}

/** To hundredths. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
