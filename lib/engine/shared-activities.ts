import { ActivitySlots } from './activity-slots.js';
import type { Host } from './host.js';
import { PagingTurn } from './note-paging.js';
import { Neighbours } from './neighbours.js';
import type { Clock, Logger } from './ports.js';
import { Suspects } from './suspects.js';
import { UserCode } from './user-code.js';

/** Activities that a worker runs at a time unless it is told otherwise. */
export const DEFAULT_SLOTS = 100;

/** What all partitions of one worker share, and its part in the work queues. */
export interface SharedActivities {
  readonly slots: ActivitySlots;
  readonly suspects: Suspects;
  readonly code: UserCode;
  readonly neighbours: Neighbours;
  readonly paging: PagingTurn;
}

export function shareActivities(
  host: Host,
  ports: { readonly clock: Clock; readonly logger: Logger },
  slots = DEFAULT_SLOTS,
): SharedActivities {
  return {
    slots: new ActivitySlots(slots, host.activitySettings),
    suspects: new Suspects(ports.clock),
    code: new UserCode(ports),
    neighbours: new Neighbours(),
    paging: new PagingTurn(),
  };
}
