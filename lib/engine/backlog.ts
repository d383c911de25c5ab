import type { Input, Instance } from './instance.js';
import type { Run } from './waiting.js';

/** Counts what waits in a partition's mailboxes, so that mail is taken only as fast as it can be worked off. */
export class Backlog {
  /** About how many bytes of inputs are in memory. */
  bytes = 0;
  /**
   * The inputs in memory of instances that can go on by themselves. Those of an instance that is occupied do not count:
   * it must not keep mail from the others.
   */
  ready = 0;

  push(instance: Instance, input: Input): void {
    instance.waiting.push(input);
    this.bytes += input.bytes;
    if (!instance.isOccupied) this.ready++;
  }

  shift(instance: Instance): void {
    const input = instance.waiting.shift();
    if (!input) return;
    this.bytes -= input.bytes;
    if (!instance.isOccupied) this.ready--;
  }

  /** An input that was taken was not carried out. */
  unshift(instance: Instance, input: Input): void {
    this.#change(instance, () => instance.waiting.unshift(input));
  }

  /** Takes an input out of its turn, if it waits in memory. */
  remove(instance: Instance, input: Input): void {
    this.#change(instance, () => instance.waiting.remove(input));
  }

  /** Parked messages are in memory again. */
  bring(instance: Instance, run: Run, inputs: readonly Input[]): void {
    this.#change(instance, () => instance.waiting.bring(run, inputs));
  }

  /** Inputs were parked, and not all are kept in memory. */
  settle(instance: Instance, parked: ReadonlyMap<Input, Input>, keep: number): void {
    this.#change(instance, () => instance.waiting.settle(parked, keep));
  }

  /** The instance cannot take inputs until something else has happened. */
  occupy(instance: Instance): void {
    if (instance.isOccupied) return;
    instance.isOccupied = true;
    this.ready -= instance.waiting.inMemory;
  }

  free(instance: Instance): void {
    if (!instance.isOccupied) return;
    instance.isOccupied = false;
    this.ready += instance.waiting.inMemory;
  }

  #change({ waiting, isOccupied }: Instance, change: () => void): void {
    const { bytes, inMemory } = waiting;
    change();
    this.bytes += waiting.bytes - bytes;
    if (!isOccupied) this.ready += waiting.inMemory - inMemory;
  }
}
