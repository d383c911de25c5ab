import type { Address } from '../wire/messages.js';
import type { Group } from './group.js';
import { tell } from './notices.js';
import type { PartitionPorts } from './ports.js';

/** Whoever watches asks again in a third of this time; else it is forgotten, in milliseconds. */
const FORGOTTEN = 15_000;
/** So many instances of a partition are watched; of more, whoever watches hears when it asks again. */
const MOST = 10_000;

/**
 * Who wants to know that an instance has changed: inboxes, in memory only. They are told behind the commit, and no more than that:
 * how it stands, they ask.
 */
export class Watchers {
  readonly #ports: Pick<PartitionPorts, 'bus' | 'clock' | 'maxBodyBytes'>;
  /** By instance: each inbox, and when it asked last. */
  readonly #watched = new Map<Address, Map<string, number>>();

  constructor(ports: Pick<PartitionPorts, 'bus' | 'clock' | 'maxBodyBytes'>) {
    this.#ports = ports;
  }

  /** Tells an inbox of changes of an instance, for a while. */
  watch(address: Address, inbox: string): void {
    let inboxes = this.#watched.get(address);
    if (!inboxes) {
      if (this.#watched.size >= MOST) this.#forget();
      if (this.#watched.size >= MOST) return;
      this.#watched.set(address, (inboxes = new Map()));
    }
    inboxes.set(inbox, this.#ports.clock.now());
  }

  /** A group is acknowledged. */
  acknowledged({ instances }: Pick<Group, 'instances'>): void {
    if (this.#watched.size === 0) return;
    for (const { address } of instances) {
      const inboxes = this.#watched.get(address);
      if (!inboxes) continue;
      this.#forgetOld(address, inboxes);
      for (const inbox of inboxes.keys()) tell(this.#ports, inbox, { v: 1, kind: 'changed', address });
    }
  }

  #forget(): void {
    for (const [address, inboxes] of this.#watched) this.#forgetOld(address, inboxes);
  }

  #forgetOld(address: Address, inboxes: Map<string, number>): void {
    const latest = this.#ports.clock.now() - FORGOTTEN;
    for (const [inbox, at] of inboxes) if (at < latest) inboxes.delete(inbox);
    if (inboxes.size === 0) this.#watched.delete(address);
  }
}
