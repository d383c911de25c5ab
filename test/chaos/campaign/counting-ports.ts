import type { HubPorts, Log, Mailbox, TaskQueues } from '../../../lib/engine/ports.js';
import { decodeRecord } from '../../../lib/wire/record-codec.js';
import { changed } from '../changed-ports.js';

/** Raw counts of one worker process since it was started. */
export interface PortCounts {
  /** Records that the server acknowledged to their author. */
  acknowledged: number;
  /** Without an answer, or refused; each is looked at, which tells which of the next three it was. */
  unknown: number;
  /** Stored after all. */
  stored: number;
  /** Not stored: the same bytes are published again. */
  again: number;
  /** Another owner's record was there: the commit of a replaced owner, refused by compare-and-set. */
  refused: number;
  /** Messages that the mail streams delivered. */
  delivered: number;
  /** Tasks that the work queues delivered. */
  tasks: number;
  /** Times that a log was to forget what the audit had not read yet, and kept it. */
  purgesHeld: number;
}

export const noCounts = (): PortCounts => ({
  acknowledged: 0,
  unknown: 0,
  stored: 0,
  again: 0,
  refused: 0,
  delivered: 0,
  tasks: 0,
  purgesHeld: 0,
});

/** The hub's ports, counting what becomes of appends and what mail and work queues deliver. */
export function counting(ports: HubPorts, counts: PortCounts): HubPorts {
  return changed(ports, {
    tasks: countingTasks(ports.tasks, counts),
    partition: (partition) => {
      const own = ports.partition(partition);
      return { ...own, log: countingLog(own.log, counts), mailbox: countingMailbox(own.mailbox, counts) };
    },
  });
}

function countingLog(log: Log, counts: PortCounts): Log {
  let open: { readonly body: Uint8Array; readonly after: number } | undefined;
  return {
    replicas: log.replicas,
    append: async (body, after) => {
      const sequence = await log.append(body, after);
      open = sequence === undefined ? { body, after } : undefined;
      if (open) counts.unknown++;
      else counts.acknowledged++;
      return sequence;
    },
    last: async () => {
      const last = await log.last();
      if (open && (last?.sequence ?? 0) <= open.after) counts.again++;
      else if (open && last) counts[commitOf(last.body) === commitOf(open.body) ? 'stored' : 'refused']++;
      open = undefined;
      return last;
    },
    read: (from, to) => log.read(from, to),
    purgeBelow: (sequence) => log.purgeBelow(sequence),
    restartAt: (sequence) => log.restartAt(sequence),
  };
}

function countingTasks(tasks: TaskQueues, counts: PortCounts): TaskQueues {
  return {
    publish: (...task) => tasks.publish(...task),
    consume: (queue, settings, onTask) =>
      tasks.consume(queue, settings, (task) => {
        counts.tasks++;
        onTask(task);
      }),
    sizes: () => tasks.sizes(),
    look: (...queue) => tasks.look(...queue),
  };
}

function commitOf(body: Uint8Array): string {
  return decodeRecord(body, 'A record').commit;
}

function countingMailbox(mailbox: Mailbox, counts: PortCounts): Mailbox {
  return {
    send: (...message) => mailbox.send(...message),
    consume: (from, onBatch, losses) =>
      mailbox.consume(
        from,
        (batch) => {
          counts.delivered += batch.length;
          return onBatch(batch);
        },
        losses,
      ),
    read: (from) => mailbox.read(from),
    timeOf: (sequence) => mailbox.timeOf(sequence),
    bounds: () => mailbox.bounds(),
    purgeBelow: (sequence) => mailbox.purgeBelow(sequence),
    restartAt: (sequence) => mailbox.restartAt(sequence),
  };
}
