import type { HubStore } from '../../lib/engine/hub-store.js';
import type {
  Bus,
  HubPorts,
  Log,
  MailSender,
  Mailbox,
  ObjectStore,
  PartitionPorts,
  QueuedTask,
  TaskQueues,
  Views,
} from '../../lib/engine/ports.js';

/** One write to the server, not yet made. */
export type Write<T> = () => Promise<T>;

/**
 * What the engine may learn of a write. `maybe`: its answer may be one that says that it is not known. `surely`: its port
 * tries until it is answered, so it may be carried out late or more than once. `nothing`: nobody answers, it may get lost.
 */
export type Answered<T> = { readonly unknown: T } | 'surely' | 'nothing';

/** Makes the write or not. */
export type Interceptor = <T>(write: Write<T>, answered: Answered<T>) => Promise<T>;

/** The hub's ports, with something between the engine and everything that changes or tells anything. */
export function interceptWrites(ports: HubPorts, intercept: Interceptor): HubPorts {
  const objects = objectsOf(ports.objects, intercept);
  return {
    ...ports,
    objects,
    store: storeOf(ports.store, intercept),
    tasks: tasksOf(ports.tasks, intercept),
    bus: busOf(ports.bus, intercept),
    mailOf: (partition) => senderOf(ports.mailOf(partition), intercept),
    viewsOf: (partition) => viewsOf(ports.viewsOf(partition), intercept),
    partition: (partition) => ({ ...partitionOf(ports.partition(partition), intercept), objects }),
  };
}

function partitionOf(own: PartitionPorts, intercept: Interceptor): PartitionPorts {
  return {
    ...own,
    log: logOf(own.log, intercept),
    views: viewsOf(own.views, intercept),
    mailbox: mailboxOf(own.mailbox, intercept),
    bus: busOf(own.bus, intercept),
    deadLetters: senderOf(own.deadLetters, intercept),
    mailOf: (other) => senderOf(own.mailOf(other), intercept),
  };
}

function storeOf(store: HubStore, intercept: Interceptor): HubStore {
  return {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    put: (...value) => intercept(() => store.put(...value), { unknown: undefined }),
    remove: (...entry) => intercept(() => store.remove(...entry), 'surely'),
  };
}

function objectsOf(store: ObjectStore, intercept: Interceptor): ObjectStore {
  return {
    replicas: store.replicas,
    put: (key, body) => intercept(() => store.put(key, body), { unknown: undefined }),
    get: (reference) => store.get(reference),
    remove: (key) => intercept(() => store.remove(key), 'surely'),
    list: (before) => store.list(before),
    removeUnfinished: (before) => intercept(() => store.removeUnfinished(before), 'surely'),
  };
}

function tasksOf(tasks: TaskQueues, intercept: Interceptor): TaskQueues {
  return {
    publish: (...task) => intercept(() => tasks.publish(...task), { unknown: false }),
    consume: (queue, settings, onTask) => tasks.consume(queue, settings, (task) => onTask(taskOf(task, intercept))),
    sizes: () => tasks.sizes(),
    look: (queue, most) => tasks.look(queue, most),
  };
}

function taskOf(task: QueuedTask, intercept: Interceptor): QueuedTask {
  const { sequence, body, deliveries, time, backlog } = task;
  return {
    sequence,
    body,
    deliveries,
    time,
    backlog,
    acknowledge: () => intercept(() => task.acknowledge(), { unknown: false }),
    keep: () => tell(() => task.keep(), intercept),
  };
}

function busOf(bus: Bus, intercept: Interceptor): Bus {
  return {
    publish: (...message) => tell(() => bus.publish(...message), intercept),
    subscribe: (subject, onMessage) => bus.subscribe(subject, onMessage),
  };
}

/** In this turn, unless it fails: what is told on the bus keeps its order. */
function tell(write: () => void, intercept: Interceptor): void {
  void intercept(() => Promise.resolve(write()), 'nothing');
}

function senderOf(mail: MailSender, intercept: Interceptor): MailSender {
  return { send: (...message) => intercept(() => mail.send(...message), { unknown: undefined }) };
}

function logOf(log: Log, intercept: Interceptor): Log {
  return {
    replicas: log.replicas,
    append: (body, after) => intercept(() => log.append(body, after), { unknown: undefined }),
    last: () => log.last(),
    read: (from, to) => log.read(from, to),
    purgeBelow: (sequence) => intercept(() => log.purgeBelow(sequence), 'surely'),
    restartAt: (sequence) => intercept(() => log.restartAt(sequence), 'surely'),
  };
}

function viewsOf(views: Views, intercept: Interceptor): Views {
  return {
    read: (subject) => views.read(subject),
    write: (...view) => intercept(() => views.write(...view), { unknown: undefined }),
    remove: (...which) => intercept(() => views.remove(...which), 'surely'),
    scan: (...of) => views.scan(...of),
    subjects: (...of) => views.subjects(...of),
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
    purgeBelow: (sequence) => intercept(() => mailbox.purgeBelow(sequence), 'surely'),
    restartAt: (sequence) => intercept(() => mailbox.restartAt(sequence), 'surely'),
  };
}
