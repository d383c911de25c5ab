import { LargeValues } from './large-values.js';
import type { Loops } from './loops.js';
import type { HubPorts, PartitionPorts } from './ports.js';
import { SpentValues } from './spent-values.js';
import { ValueSweep } from './value-sweep.js';

/** What a partition's owner does with values that are too large for messages (P15). */
export class PartitionValues {
  readonly large: LargeValues;
  readonly spent: SpentValues;
  readonly #sweep: ValueSweep;

  /** `consumed`: all mail up to this sequence is consumed. */
  constructor(ports: PartitionPorts, hub: HubPorts, consumed: () => number, loops: Loops) {
    this.large = new LargeValues(ports, loops);
    this.spent = new SpentValues(ports, loops);
    this.#sweep = new ValueSweep(ports, hub, consumed, loops);
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
