import { LargeValues } from './large-values.js';
import type { Loops } from './loops.js';
import type { HubPorts, PartitionPorts } from './ports.js';
import { SpentValues } from './spent-values.js';
import type { PartitionTables } from './tables.js';
import { type TakenMail, ValueSweep } from './value-sweep.js';

/** What a partition's owner does with values that are too large for messages (P15). */
export class PartitionValues {
  readonly large: LargeValues;
  readonly spent: SpentValues;
  readonly #sweep: ValueSweep;

  constructor(ports: PartitionPorts, hub: HubPorts, tables: PartitionTables, loops: Loops) {
    this.large = new LargeValues(ports, loops);
    this.spent = new SpentValues(ports, loops);
    const taken = (): TakenMail => ({ consumed: tables.cursor, parked: tables.parked.snapshot() });
    this.#sweep = new ValueSweep(ports, hub, taken, loops);
  }

  start(): void {
    this.#sweep.start();
  }

  stop(): void {
    this.large.stop();
    this.spent.stop();
    this.#sweep.stop();
  }
}
