import type { Address } from '../wire/messages.js';
import type { Wake } from '../wire/head.js';
import type { Activation } from './activation.js';
import { isDamage } from './damage.js';
import type { Flusher } from './flusher.js';
import { readWake, type Heads } from './heads.js';
import type { Instance } from './instance.js';
import type { Logger, PartitionPorts } from './ports.js';
import type { PartitionTables } from './tables.js';

/** The wake records that a takeover finds: hints, never the truth (P19). */
export class WakeHints {
  readonly #tables: PartitionTables;
  readonly #heads: Heads;
  readonly #flusher: Flusher;
  /** Instances with a wake record, and whether it says that they must be loaded. */
  readonly #found = new Map<Address, boolean>();

  constructor(tables: PartitionTables, heads: Heads, flusher: Flusher) {
    this.#tables = tables;
    this.#heads = heads;
    this.#flusher = flusher;
  }

  /**
   * Reads them; tells each instance that has to be loaded, and when another is to be told that a timer is due. `known`: where
   * the takeover has put its epoch on the checkpoint, behind what former owners stored (P11).
   */
  async read(
    { views, subjects, logger }: Pick<PartitionPorts, 'views' | 'subjects' | 'logger'>,
    known: number,
    {
      load,
      schedule,
    }: {
      readonly load: (address: Address) => void;
      readonly schedule: (address: Address, at: number | undefined) => void;
    },
  ): Promise<void> {
    for await (const { subject, body, sequence } of views.scan(subjects.wakes, known)) {
      const address = subjects.addressOf(subject);
      if (address === undefined) continue;
      this.#heads.foundWake(address, sequence);
      const wake = readable(body, subject, address, logger);
      this.#found.set(address, wake.load ?? false);
      if (wake.load) load(address);
      else schedule(address, wake.at);
    }
  }

  /** A record that a former owner could not remove any more would be followed at each takeover: it is mended. */
  mend(instance: Instance, activation: Activation): void {
    const load = this.#found.get(instance.address);
    if (load === undefined) return;
    this.#found.delete(instance.address);
    const isRight = load
      ? activation.holdsBack || activation.lockHeld !== undefined || activation.pendingActivities('local').length > 0
      : activation.dueAt !== undefined;
    if (!isRight) this.#flusher.recovered(instance, this.#tables.sequence);
  }
}

/** One that is damaged says nothing: its instance is loaded. */
function readable(body: Uint8Array, subject: string, instance: Address, logger: Logger): Pick<Wake, 'load' | 'at'> {
  try {
    return readWake(body, subject);
  } catch (error) {
    if (!isDamage(error)) throw error;
    logger.error(`${error.message}: the instance is loaded, and knows what it waits for`, { instance });
    return { load: true };
  }
}
