import type { Address } from '../wire/messages.js';
import { BloomFilter } from './bloom-filter.js';
import type { PartitionPorts } from './ports.js';

/** The first filter has room for so many heads, each further one for twice as many as the one before. */
const FIRST_ROOM = 4_096;
/** Beyond so many filters, 8 MiB, every instance is looked for. */
const MOST_FILTERS = 10;

/**
 * Which instances may have a head in the state stream. Of one that surely has none there is nothing to be read: it is
 * new (docs/adr/0029).
 *
 * P11, P13. The subjects are listed by the leader after the takeover's own write to the stream: whatever a former owner
 * stores later is a zombie's, and the log still has what it says. With several replicas a deposed leader could answer, so
 * nothing is known there.
 */
export class KnownHeads {
  readonly #ports: Pick<PartitionPorts, 'views' | 'subjects' | 'log'>;
  readonly #filters: BloomFilter[] = [new BloomFilter(FIRST_ROOM)];
  #isListed = false;
  #isStopped = false;

  constructor(ports: Pick<PartitionPorts, 'views' | 'subjects' | 'log'>) {
    this.#ports = ports;
  }

  /** Lists the heads that are there. Rejects with ClosedError. */
  async list(): Promise<void> {
    const { views, subjects, log } = this.#ports;
    if (log.replicas > 1) return;
    for await (const subject of views.subjects(subjects.heads)) {
      if (this.#isStopped) return;
      const address = subjects.addressOf(subject);
      if (address !== undefined) this.add(address);
    }
    this.#isListed = true;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** A head is about to be written. */
  add(address: Address): void {
    if (this.#isStopped || this.#has(address)) return;
    const last = this.#filters.at(-1)!;
    last.add(address);
    if (!last.isFull) return;
    if (this.#filters.length === MOST_FILTERS) return this.stop();
    this.#filters.push(new BloomFilter(FIRST_ROOM * 2 ** this.#filters.length));
  }

  /** False: it surely has none. */
  mayHave(address: Address): boolean {
    return !this.#isListed || this.#isStopped || this.#has(address);
  }

  #has(address: Address): boolean {
    for (const filter of this.#filters) if (filter.mayHave(address)) return true;
    return false;
  }
}
