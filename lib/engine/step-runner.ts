import type { Activation, InputBody, StepOutput } from './activation.js';
import { nothingFetched, type FetchedValues } from './fetched-values.js';
import type { Instance } from './instance.js';
import type { LargeValues } from './large-values.js';
import type { Clock } from './ports.js';
import type { UserCode } from './user-code.js';

/** Runs single steps, once the values that they need are here (P15). */
export class StepRunner {
  readonly #clock: Clock;
  readonly #values: LargeValues;
  readonly #code: UserCode;

  constructor(clock: Clock, values: LargeValues, code: UserCode) {
    this.#clock = clock;
    this.#values = values;
    this.#code = code;
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
    const began = this.#clock.now();
    const output = activation.step(body, began, fetched);
    this.#code.ran(instance, began);
    if (output instanceof Promise) this.#code.follow(instance, output);
    return output;
  }
}
