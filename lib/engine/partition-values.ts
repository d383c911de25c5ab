import { LargeValues } from './large-values.js';
import type { HubPorts, PartitionPorts } from './ports.js';
import { SpentValues } from './spent-values.js';
import { ValueSweep } from './value-sweep.js';

/** What a partition's owner does with values that are too large for messages (P15). */
export class PartitionValues {
  readonly large: LargeValues;
  readonly spent: SpentValues;
  readonly #sweep: ValueSweep;

  /** `consumed`: all mail up to this sequence is consumed. */
  constructor(ports: PartitionPorts, hub: HubPorts, consumed: () => number) {
    this.large = new LargeValues(ports);
    this.spent = new SpentValues(ports);
    this.#sweep = new ValueSweep(ports, hub, consumed);
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
