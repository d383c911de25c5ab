import type { HubPorts, Log, MailSender, Views } from '../../lib/engine/ports.js';

/** Before the write is sent; when it is on its way; or when its answer has come and nobody has seen it yet. */
export type Moment = 'before' | 'sent' | 'answered';

/** The hub's ports, killing this process with -9 at the n-th write to a log, a mailbox or a view, counted from 1. */
export function dyingAt(ports: HubPorts, n: number, moment: Moment): HubPorts {
  let writes = 0;
  const dying = async <T>(write: () => Promise<T>): Promise<T> => {
    if (++writes !== n) return write();
    if (moment === 'before') die();
    const answer = write();
    // The client library sends in a later turn of the event loop.
    if (moment === 'sent') setTimeout(die, 1);
    await answer;
    return die();
  };
  const sender = (mail: MailSender): MailSender => ({
    send: (...message) => dying(() => mail.send(...message)),
  });
  const logOf = (log: Log): Log => ({
    replicas: log.replicas,
    append: (body, after) => dying(() => log.append(body, after)),
    last: () => log.last(),
    read: (from, to) => log.read(from, to),
    purgeBelow: (sequence) => dying(() => log.purgeBelow(sequence)),
  });
  const viewsOf = (views: Views): Views => ({
    read: (subject) => views.read(subject),
    write: (subject, body, after) => dying(() => views.write(subject, body, after)),
    remove: (sequence) => dying(() => views.remove(sequence)),
    scan: (pattern) => views.scan(pattern),
  });
  return {
    ...ports,
    mailOf: (partition) => sender(ports.mailOf(partition)),
    partition: (partition) => {
      const own = ports.partition(partition);
      const { mailbox } = own;
      return {
        ...own,
        log: logOf(own.log),
        views: viewsOf(own.views),
        mailbox: {
          ...sender(mailbox),
          consume: (from, onBatch, losses) => mailbox.consume(from, onBatch, losses),
          timeOf: (sequence) => mailbox.timeOf(sequence),
          bounds: () => mailbox.bounds(),
          purgeBelow: (sequence) => dying(() => mailbox.purgeBelow(sequence)),
        },
        mailOf: (other) => sender(own.mailOf(other)),
      };
    },
  };
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('Not dead yet.');
}
