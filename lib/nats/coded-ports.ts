import type { PayloadCodec, PayloadPlace } from './payload-codec.js';
import { PayloadCoder } from './payload-coder.js';
import type {
  Bus,
  HubPorts,
  Log,
  MailSender,
  Mailbox,
  ObjectStore,
  PartitionPorts,
  QueuedTask,
  StoredMessage,
  TaskQueues,
  Views,
} from '../engine/ports.js';

/** The ports of a hub behind a payload codec: what is above them never sees an encoded body (docs/adr/0064). */
export function codedHubPorts(ports: HubPorts, payloadCodec: PayloadCodec): HubPorts {
  const coder = new PayloadCoder(payloadCodec, ports.logger, ports.clock);
  const objects = codedObjects(ports.objects, coder);
  const bus = codedBus(ports.bus, coder);
  return {
    name: ports.name,
    partitions: ports.partitions,
    subjects: ports.subjects,
    store: ports.store, // names, leases, workers: nothing of users
    objects,
    tasks: codedTasks(ports.tasks, coder),
    bus,
    clock: ports.clock,
    random: ports.random,
    logger: ports.logger,
    get maxBodyBytes() {
      return ports.maxBodyBytes - coder.overhead;
    },
    get valueLimits() {
      return ports.valueLimits;
    },
    mailOf: (partition) => codedSender(ports.mailOf(partition), 'mail', coder),
    viewsOf: (partition) => codedViews(ports.viewsOf(partition), coder),
    partition: (partition) => codedPartition(ports.partition(partition), { objects, bus }, coder),
    closed: ports.closed,
  };
}

function codedPartition(
  ports: PartitionPorts,
  shared: Pick<PartitionPorts, 'objects' | 'bus'>,
  coder: PayloadCoder,
): PartitionPorts {
  return {
    ...shared,
    log: codedLog(ports.log, ports.subjects.log, coder),
    mailbox: codedMailbox(ports.mailbox, coder),
    views: codedViews(ports.views, coder),
    storage: ports.storage,
    clock: ports.clock,
    random: ports.random,
    logger: ports.logger,
    subjects: ports.subjects,
    mailOf: (partition) => codedSender(ports.mailOf(partition), 'mail', coder),
    deadLetters: codedSender(ports.deadLetters, 'letter', coder),
    maxBodyBytes: ports.maxBodyBytes - coder.overhead,
    valueLimits: ports.valueLimits,
  };
}

function codedLog(log: Log, subject: string, coder: PayloadCoder): Log {
  return {
    replicas: log.replicas,
    append: async (body, after) => log.append(coder.encode('log', subject, body), after),
    last: async () => {
      const last = await log.last();
      return last && coder.stored('log', last);
    },
    read: (from, to) => decoded(log.read(from, to), 'log', coder),
    purgeBelow: (sequence) => log.purgeBelow(sequence),
    restartAt: (sequence) => log.restartAt(sequence),
  };
}

function codedSender(sender: MailSender, kind: PayloadPlace['kind'], coder: PayloadCoder): MailSender {
  return {
    send: async (subject, body, messageId, onRefused) =>
      sender.send(subject, coder.encode(kind, subject, body), messageId, onRefused),
  };
}

function codedMailbox(mailbox: Mailbox, coder: PayloadCoder): Mailbox {
  return {
    ...codedSender(mailbox, 'mail', coder),
    consume: (from, onBatch, losses) =>
      mailbox.consume(from, (batch) => onBatch(batch.map((message) => coder.stored('mail', message))), losses),
    read: (from) => decoded(mailbox.read(from), 'mail', coder),
    timeOf: (sequence) => mailbox.timeOf(sequence),
    bounds: () => mailbox.bounds(),
    purgeBelow: (sequence) => mailbox.purgeBelow(sequence),
    restartAt: (sequence) => mailbox.restartAt(sequence),
  };
}

function codedViews(views: Views, coder: PayloadCoder): Views {
  return {
    read: async (subject) => {
      const stored = await views.read(subject);
      return stored && coder.stored('state', stored);
    },
    write: async (subject, body, after, note) =>
      views.write(subject, coder.encode('state', subject, body), after, note),
    remove: (subject, sequence) => views.remove(subject, sequence),
    scan: (pattern, known) => decoded(views.scan(pattern, known), 'state', coder),
    subjects: (pattern, known) => views.subjects(pattern, known),
    notes: (pattern, from, wantsMany) => views.notes(pattern, from, wantsMany),
  };
}

function codedObjects(objects: ObjectStore, coder: PayloadCoder): ObjectStore {
  /**
   * What a body has become: it is put again as the same bytes while the outcome is unknown, for its reference has their hash,
   * and the first try may be stored behind the second.
   */
  const encoded = new WeakMap<Uint8Array, Uint8Array>();
  const encodedOnce = (key: string, body: Uint8Array): Uint8Array => {
    const bytes = encoded.get(body) ?? coder.encode('value', key, body);
    encoded.set(body, bytes);
    return bytes;
  };
  return {
    replicas: objects.replicas,
    put: async (key, body, onRefused) => objects.put(key, encodedOnce(key, body), onRefused),
    get: async (reference) => {
      const body = await objects.get(reference);
      return body && coder.decode('value', reference.key, body);
    },
    remove: (key) => objects.remove(key),
    list: (before) => objects.list(before),
    removeUnfinished: (before) => objects.removeUnfinished(before),
  };
}

function codedTasks(tasks: TaskQueues, coder: PayloadCoder): TaskQueues {
  const taken = (queue: string, task: QueuedTask): QueuedTask => ({
    body: coder.decode('task', queue, task.body),
    sequence: task.sequence,
    deliveries: task.deliveries,
    time: task.time,
    backlog: task.backlog,
    acknowledge: () => task.acknowledge(),
    keep: () => task.keep(),
  });
  return {
    publish: async (queue, body, messageId) => tasks.publish(queue, coder.encode('task', queue, body), messageId),
    consume: (queue, settings, onTask) => tasks.consume(queue, settings, (task) => onTask(taken(queue, task))),
    sizes: () => tasks.sizes(),
    look: async (queue, most) => (await tasks.look(queue, most)).map((body) => coder.decode('task', queue, body)),
  };
}

function codedBus(bus: Bus, coder: PayloadCoder): Bus {
  return {
    // It may get lost, and who sends it is prepared for nothing else.
    publish: (subject, body, reply) => {
      const encoded = coder.encodeMessage(subject, body);
      if (encoded) bus.publish(subject, encoded, reply);
    },
    // Who listens to many subjects is not told which one it was.
    subscribe: (subject, onMessage) =>
      bus.subscribe(subject, (body, reply) => onMessage(coder.decode('message', '', body, subject), reply)),
  };
}

async function* decoded(
  messages: AsyncIterable<StoredMessage>,
  kind: PayloadPlace['kind'],
  coder: PayloadCoder,
): AsyncIterable<StoredMessage> {
  for await (const message of messages) yield coder.stored(kind, message);
}
