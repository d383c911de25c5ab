import type { Logger, PartitionPorts } from '../engine/ports.js';
import { NatsBus } from './bus.js';
import { NatsDeadLetters } from './dead-letters.js';
import type { NatsHub } from './hub.js';
import { NatsLog } from './log.js';
import { NatsMailbox, NatsMailSender } from './mailbox.js';
import { platformRandom } from './random.js';
import { NatsStorage } from './storage.js';
import { NatsViews } from './views.js';

/** The ports of one partition of a task hub on JetStream. */
export function natsPartitionPorts(hub: NatsHub, partition: number, logger: Logger): PartitionPorts {
  const { jetStream, session } = hub;
  const subjects = hub.subjects.partition(partition);
  const sender = new NatsMailSender(jetStream);
  return {
    log: new NatsLog(jetStream, subjects, hub.replicas),
    mailbox: new NatsMailbox(jetStream, subjects.streamName('mail'), logger),
    views: new NatsViews(jetStream, subjects),
    objects: hub.objects,
    storage: new NatsStorage(hub, partition),
    bus: new NatsBus(session),
    clock: session.clock,
    random: platformRandom,
    logger,
    subjects,
    mailOf: () => sender,
    deadLetters: new NatsDeadLetters(jetStream, hub.subjects, hub.replicas, logger),
    maxBodyBytes: session.maxBodyBytes,
    valueLimits: hub.valueLimits,
  };
}
