import type { HubPorts, Logger } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import { MemoryMailSender } from './mailbox.js';
import { MemoryViews } from './views.js';

/** The ports of a task hub in memory, as one process's connection sees them. */
export function memoryHubPorts(connection: MemoryConnection, logger: Logger): HubPorts {
  connection.logger = logger;
  const { hub, store, objects, tasks, bus, clock, random, maxBodyBytes, valueLimits, closed } = connection;
  return {
    name: hub.name,
    partitions: hub.partitions,
    subjects: hub.subjects,
    store,
    objects,
    tasks,
    bus,
    clock,
    random,
    logger,
    maxBodyBytes,
    valueLimits,
    mailOf: (partition) => new MemoryMailSender(connection, partition),
    viewsOf: (partition) => new MemoryViews(connection, partition),
    partition: (partition) => connection.ports(partition, logger),
    closed,
  };
}
