import type { HubPorts } from '../../../lib/engine/ports.js';
import type { PortCounts } from './counting-ports.js';
import { changed } from '../changed-ports.js';

/**
 * The hub's ports, whose logs forget nothing that the audit has not read: `readUpTo` is the last record that it has, of each
 * partition. It is behind for seconds when the node of a cluster that serves it dies while others go on to commit.
 */
export function keptForAudit(ports: HubPorts, readUpTo: () => readonly number[], counts: PortCounts): HubPorts {
  return changed(ports, {
    partition: (partition) => {
      const own = ports.partition(partition);
      const { log } = own;
      return {
        ...own,
        log: {
          replicas: log.replicas,
          append: (body, after) => log.append(body, after),
          last: () => log.last(),
          read: (from, to) => log.read(from, to),
          purgeBelow: (sequence) => {
            const next = (readUpTo()[partition] ?? 0) + 1;
            if (next < sequence) counts.purgesHeld++;
            return log.purgeBelow(Math.min(sequence, next));
          },
          restartAt: (sequence) => log.restartAt(sequence),
        },
      };
    },
  });
}
