import type { HubPorts, Logger } from '../engine/ports.js';
import { NatsBus } from './bus.js';
import type { NatsHub } from './hub.js';
import { NatsMailSender } from './mailbox.js';
import { natsPartitionPorts } from './partition.js';
import { platformRandom } from './random.js';
import { NatsTaskQueues } from './task-queues.js';
import { NatsViews } from './views.js';

/** The ports of a task hub on JetStream. */
export function natsHubPorts(hub: NatsHub, logger: Logger): HubPorts {
  const { jetStream, session, name, partitions, subjects, store, objects } = hub;
  const sender = new NatsMailSender(jetStream);
  return {
    name,
    partitions,
    subjects,
    store,
    objects,
    tasks: new NatsTaskQueues(jetStream, subjects, logger),
    bus: new NatsBus(session),
    clock: session.clock,
    random: platformRandom,
    logger,
    get maxBodyBytes() {
      return session.maxBodyBytes;
    },
    get valueLimits() {
      return hub.valueLimits;
    },
    mailOf: () => sender,
    viewsOf: (partition) => new NatsViews(jetStream, subjects.partition(partition)),
    partition: (partition) => natsPartitionPorts(hub, partition, logger),
    closed: session.closed,
  };
}
