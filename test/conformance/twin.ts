import { MemoryWorld } from '../../lib/memory/world.js';
import { recordingLogger } from '../contract/harness.js';
import type { Side } from './side.js';

/** Longer than anything is on its way in the twin, in virtual milliseconds. */
const ON_THE_WAY = 5;

/** A task hub on the memory twin. */
export function openTwin(): Side {
  const world = new MemoryWorld();
  const hub = world.createHub('conformance', 2);
  return {
    hub: hub.name,
    connections: ['one', 'two'].map((name) => {
      const connection = hub.connect(name);
      return {
        store: connection.store,
        tasks: connection.tasks,
        ports: (partition) => connection.ports(partition, recordingLogger()),
        close: async () => connection.close(),
      };
    }),
    baseRevision: 0,
    settle: (promise) => world.scheduler.settle(promise),
    pass: (milliseconds) => world.scheduler.advance(milliseconds),
    reached: async () => {},
    quiet: () => world.scheduler.advance(ON_THE_WAY),
    deleteMail: async (partition, sequence) => hub.streams(partition).mail.remove(sequence),
    isUnclear: () => undefined,
    end: async () => {},
  };
}
