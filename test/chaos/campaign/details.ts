import type { Figures } from './figures.js';
import type { Percentiles } from './takeovers.js';

/** The raw counts beside the sentence, a line for each subject: what was there, and what became of it. */
export function detailsOf(figures: Figures, takeovers: Readonly<Record<string, Percentiles>>): string[] {
  return [
    `records: ${figures.recordsAudited} audited, ${figures.recordsUnread} unread, of ${figures.epochs} epochs; ` +
      `${figures.purgesHeldForTheAudit} purges waited for the audit`,
    `commits: ${figures.commitsAcknowledged} acknowledged, ${figures.commitsUnknown} without an answer ` +
      `(${figures.commitsUnknownAndStored} of them stored, ${figures.commitsUnknownAndPublishedAgain} published again), ` +
      `${figures.commitsRefused} refused`,
    `former owners, replaced before they went on: ${figures.frozenOwnersReplaced} frozen, ${figures.blockedOwnersReplaced} blocked, ` +
      `${figures.jammedOwnersReplaced} with connections that kept what they sent`,
    `publishes of clients: ${figures.publishesAcknowledged} acknowledged, ${figures.publishesUnknown} without an answer, ` +
      `${figures.copiesSent} copies; callers not told in 60 s: ${figures.unknownToCallers}`,
    `mail: ${figures.mailStored} stored, ${figures.mailDelivered} delivered, ${figures.mailRedelivered} redelivered at the least`,
    `tasks of queues: ${figures.tasksStored} stored, ${figures.tasksDelivered} delivered, ${figures.tasksRedelivered} redelivered at the least`,
    `activities: ${figures.activitiesChecked}, run ${figures.activityRuns} times, ${figures.activityRunsBeyondOne} beyond one for each, ` +
      `of ${figures.activitiesRunAgain} activities`,
    `histories: ${figures.historiesChecked} with ${figures.versionsChecked} operations and exact reads, ${figures.notLinearizable} not linearizable`,
    `checked, too: ${figures.notesChecked} notes, ${figures.timersChecked} timers, ${figures.updatesChecked} updates, ` +
      `${figures.largeValuesChecked} large values, ${figures.transactionsChecked} transactions; ` +
      `quarantined and released: ${figures.quarantinedAndReleased}`,
    ...Object.entries(takeovers)
      .filter(([, { count }]) => count > 0)
      .map(
        ([kind, { count, p50, p99, max }]) =>
          `${kind}: ${count} partitions, half within ${p50} ms, 99 % within ${p99} ms, all within ${max} ms`,
      ),
  ];
}
