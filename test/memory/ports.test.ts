import test from 'ava';
import { MemoryWorld } from '../../lib/memory/world.js';
import { recordingLogger } from '../contract/harness.js';
import { portsContract } from '../contract/ports.js';

portsContract(test, async () => {
  const world = new MemoryWorld();
  const connection = world.createHub('contract', 2).connect('one');
  return {
    hub: 'contract',
    store: connection.store,
    tasks: connection.tasks,
    ports: (partition) => connection.ports(partition, recordingLogger()),
    settle: (promise) => world.scheduler.settle(promise),
    close: async () => connection.close(),
  };
});
