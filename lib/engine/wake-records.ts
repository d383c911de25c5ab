import type { Address } from '../wire/messages.js';
import { readWake } from './heads.js';
import type { PartitionPorts } from './ports.js';

/** What the wake records of a partition ask of a new owner. */
export interface Wakes {
  /** Instances to load: something of theirs is pending. */
  readonly load: readonly Address[];
  /** Instances that are to be told when a timer is due. */
  readonly timers: readonly (readonly [Address, at: number | undefined])[];
}

export async function readWakes({ views, subjects }: Pick<PartitionPorts, 'views' | 'subjects'>): Promise<Wakes> {
  const load: Address[] = [];
  const timers: (readonly [Address, number | undefined])[] = [];
  for await (const { subject, body } of views.scan(subjects.wakes)) {
    const address = subjects.addressOf(subject);
    if (address === undefined) continue;
    const wake = readWake(body, subject);
    if (wake.load) load.push(address);
    else timers.push([address, wake.at]);
  }
  return { load, timers };
}
