import type { Activation, InputBody, StepOutput } from './activation.js';
import { tellBlocking } from './blocking-steps.js';
import { nothingFetched, type FetchedValues } from './fetched-values.js';
import type { Instance } from './instance.js';
import type { LargeValues } from './large-values.js';
import type { PartitionPorts } from './ports.js';

/** Runs single steps, once the values that they need are here (P15). */
export class StepRunner {
  readonly #ports: Pick<PartitionPorts, 'clock' | 'logger'>;
  readonly #values: LargeValues;

  constructor(ports: Pick<PartitionPorts, 'clock' | 'logger'>, values: LargeValues) {
    this.#ports = ports;
    this.#values = values;
  }

  run(instance: Instance, activation: Activation, body: InputBody): StepOutput | Promise<StepOutput> {
    const preparing = activation.prepare?.(body);
    return preparing
      ? preparing.then(() => this.#prepared(instance, activation, body))
      : this.#prepared(instance, activation, body);
  }

  #prepared(instance: Instance, activation: Activation, body: InputBody): StepOutput | Promise<StepOutput> {
    const missing = activation.missing(body);
    if (missing.length === 0) return this.#step(instance, activation, body, nothingFetched);
    return this.#values
      .find(missing, instance.address)
      .then((fetched) => this.#step(instance, activation, body, fetched));
  }

  #step(instance: Instance, activation: Activation, body: InputBody, fetched: FetchedValues) {
    const began = this.#ports.clock.now();
    const output = activation.step(body, began, fetched);
    tellBlocking(this.#ports, instance.address, began);
    return output;
  }
}
