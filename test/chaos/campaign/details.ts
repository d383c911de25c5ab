import type { Percentiles } from './takeovers.js';

/** The raw counts beside the sentence, a line for each subject: what was there, and what became of it. */
export function detailsOf(
  figures: Readonly<Record<string, number>>,
  takeovers: Readonly<Record<string, Percentiles>>,
): string[] {
  const of = (name: string): number => figures[name]!;
  return [
    `records: ${of('recordsAudited')} audited, ${of('recordsUnread')} unread, of ${of('epochs')} epochs; ` +
      `${of('purgesHeldForTheAudit')} purges waited for the audit`,
    `commits: ${of('commitsAcknowledged')} acknowledged, ${of('commitsUnknown')} without an answer ` +
      `(${of('commitsUnknownAndStored')} of them stored, ${of('commitsUnknownAndPublishedAgain')} published again), ` +
      `${of('commitsRefused')} refused`,
    `former owners, replaced before they went on: ${of('frozenOwnersReplaced')} frozen, ${of('blockedOwnersReplaced')} blocked, ` +
      `${of('jammedOwnersReplaced')} with connections that kept what they sent`,
    `publishes of clients: ${of('publishesAcknowledged')} acknowledged, ${of('publishesUnknown')} without an answer, ` +
      `${of('copiesSent')} copies; callers not told in 60 s: ${of('unknownToCallers')}`,
    `mail: ${of('mailStored')} stored, ${of('mailDelivered')} delivered, ${of('mailRedelivered')} redelivered at the least`,
    `tasks of queues: ${of('tasksStored')} stored, ${of('tasksDelivered')} delivered, ${of('tasksRedelivered')} redelivered at the least`,
    `activities: ${of('activitiesChecked')}, run ${of('activityRuns')} times, ${of('activityRunsBeyondOne')} beyond one for each, ` +
      `of ${of('activitiesRunAgain')} activities`,
    `histories: ${of('historiesChecked')} with ${of('versionsChecked')} operations and exact reads, ${of('notLinearizable')} not linearizable`,
    `checked, too: ${of('notesChecked')} notes, ${of('timersChecked')} timers, ${of('updatesChecked')} updates, ` +
      `${of('largeValuesChecked')} large values, ${of('transactionsChecked')} transactions; ` +
      `quarantined and released: ${of('quarantinedAndReleased')}`,
    ...Object.entries(takeovers)
      .filter(([, { count }]) => count > 0)
      .map(
        ([kind, { count, p50, p99, max }]) =>
          `${kind}: ${count} partitions, half within ${p50} ms, 99 % within ${p99} ms, all within ${max} ms`,
      ),
  ];
}
