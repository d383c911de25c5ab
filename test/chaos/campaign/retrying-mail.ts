import type { HubPorts } from '../../../lib/engine/ports.js';
import type { SeededRandom } from '../../../lib/memory/random.js';
import { changed } from '../changed-ports.js';

/** Of so many messages that are stored one is sent again, as by a client that missed the answer. */
const RETRIED = 0.3;

/** Raw counts of what the clients published. */
export interface SendCounts {
  acknowledged: number;
  /** Without an answer: sent again by the client until there is one. */
  unknown: number;
  /** Sent again although stored, without the id by which the server would recognize a copy. */
  copies: number;
}

/** The hub's ports, storing 30 % of all messages a second time: the same bytes, unknown to the server as copies. */
export function retrying(ports: HubPorts, random: SeededRandom, counts: SendCounts): HubPorts {
  return changed(ports, {
    mailOf: (partition) => {
      const mail = ports.mailOf(partition);
      return {
        send: async (subject, body, messageId) => {
          const sequence = await mail.send(subject, body, messageId);
          if (sequence === undefined) counts.unknown++;
          else counts.acknowledged++;
          if (sequence === undefined || random.next() >= RETRIED) return sequence;
          if ((await mail.send(subject, body)) !== undefined) counts.copies++;
          return sequence;
        },
      };
    },
  });
}
