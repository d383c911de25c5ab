import type { HubStore } from '../../lib/engine/hub-store.js';
import type { HubPorts, Log, MailSender, Mailbox, ObjectStore, Views } from '../../lib/engine/ports.js';

/** One write to the server, not yet made. */
export type Write<T> = () => Promise<T>;

/** Makes the write or not; `mayFail`: its answer may be `undefined`, refused or unknown. */
export type Interceptor = <T>(write: Write<T>, mayFail: boolean) => Promise<T>;

/** The hub's ports, with something between the engine and every write to a log, a mailbox, a view or the hub's store. */
export function interceptWrites(ports: HubPorts, intercept: Interceptor): HubPorts {
  const objects = objectsOf(ports.objects, intercept);
  return {
    ...ports,
    objects,
    store: storeOf(ports.store, intercept),
    mailOf: (partition) => senderOf(ports.mailOf(partition), intercept),
    partition: (partition) => {
      const own = ports.partition(partition);
      return {
        ...own,
        objects,
        log: logOf(own.log, intercept),
        views: viewsOf(own.views, intercept),
        mailbox: mailboxOf(own.mailbox, intercept),
        mailOf: (other) => senderOf(own.mailOf(other), intercept),
      };
    },
  };
}

function storeOf(store: HubStore, intercept: Interceptor): HubStore {
  return {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    put: (...value) => intercept(() => store.put(...value), true),
    remove: (...entry) => intercept(() => store.remove(...entry), false),
  };
}

function objectsOf(store: ObjectStore, intercept: Interceptor): ObjectStore {
  return {
    put: (key, body) => intercept(() => store.put(key, body), true),
    get: (reference) => store.get(reference),
    remove: (key) => intercept(() => store.remove(key), false),
    list: (before) => store.list(before),
    removeUnfinished: (before) => intercept(() => store.removeUnfinished(before), false),
  };
}

function senderOf(mail: MailSender, intercept: Interceptor): MailSender {
  return { send: (...message) => intercept(() => mail.send(...message), true) };
}

function logOf(log: Log, intercept: Interceptor): Log {
  return {
    replicas: log.replicas,
    append: (body, after) => intercept(() => log.append(body, after), true),
    last: () => log.last(),
    read: (from, to) => log.read(from, to),
    purgeBelow: (sequence) => intercept(() => log.purgeBelow(sequence), false),
  };
}

function viewsOf(views: Views, intercept: Interceptor): Views {
  return {
    read: (subject) => views.read(subject),
    write: (...view) => intercept(() => views.write(...view), true),
    remove: (sequence) => intercept(() => views.remove(sequence), false),
    scan: (pattern) => views.scan(pattern),
    subjects: (pattern) => views.subjects(pattern),
    notes: (...of) => views.notes(...of),
  };
}

function mailboxOf(mailbox: Mailbox, intercept: Interceptor): Mailbox {
  return {
    ...senderOf(mailbox, intercept),
    consume: (from, onBatch, losses) => mailbox.consume(from, onBatch, losses),
    read: (from) => mailbox.read(from),
    timeOf: (sequence) => mailbox.timeOf(sequence),
    bounds: () => mailbox.bounds(),
    purgeBelow: (sequence) => intercept(() => mailbox.purgeBelow(sequence), false),
  };
}
