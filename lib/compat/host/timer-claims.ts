import type { TaskHubClient } from '../../client/task-hub-client.js';
import { defineEntity } from '../../definitions/define.js';

/** What a host asks for: to be the one that runs a timer function at a time. */
export interface TimerClaim {
  /** The time, as ISO text. */
  readonly due: string;
  /** The time that was claimed last, when only that may have been; undefined: any before `due`. */
  readonly behind?: string | undefined;
}

/** What has become of it. */
export interface ClaimedTimer {
  readonly isClaimed: boolean;
  /** The time that was claimed before; empty: none. */
  readonly last: string;
}

/** The times of one timer function: each belongs to the host that claims it first. */
export class TimerClaims {
  state = { last: '' };

  claim({ due, behind }: TimerClaim): ClaimedTimer {
    const { last } = this.state;
    const isClaimed = behind === undefined ? due > last : behind === last;
    if (isClaimed) this.state.last = due;
    return { isClaimed, last };
  }
}

const ENTITY = 'functions-timer';

defineEntity(TimerClaims, { name: ENTITY, operations: { claim: 'unknown' } });

/** The time of a timer function that was claimed last; empty: none. */
export async function lastClaimed(client: TaskHubClient, name: string): Promise<string> {
  const { entityState } = await client.readEntityState(TimerClaims, name);
  return entityState?.last ?? '';
}

/** Whether this host is the one that runs a timer function. */
export function claimed(client: TaskHubClient, name: string, claim: TimerClaim): Promise<ClaimedTimer> {
  return client.callEntity<ClaimedTimer>(ENTITY, name, 'claim', claim);
}
