import { CorruptHistoryError, StorageRegressedError } from '../errors.js';
import { parseAddress } from '../wire/addresses.js';
import type { Head } from '../wire/head.js';
import type { Activation } from './activation.js';
import { EntityActivation } from './entity-activation.js';
import type { Heads } from './heads.js';
import type { Host } from './host.js';
import type { Instance } from './instance.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { OrchestrationState } from './orchestration-state.js';
import type { Random } from './ports.js';
import type { Recovered, TailEntry } from './recovery.js';

/** Makes activations from heads and what the log says behind them. */
export class Loading {
  readonly #host: Host;
  readonly #heads: Heads;
  readonly #random: Random;
  /** What recovery found behind heads; an instance's part is used once. */
  readonly #tail: Recovered['tail'];
  /** The end of the log when it was read: no head may know more (P12). */
  readonly #end: number;
  /** Told the first record that the stored head does not show. */
  readonly #isBehind: (instance: Instance, since: number) => void;

  constructor(
    host: Host,
    heads: Heads,
    random: Random,
    { tail, tables }: Recovered,
    isBehind: (instance: Instance, since: number) => void,
  ) {
    this.#host = host;
    this.#heads = heads;
    this.#random = random;
    this.#tail = tail;
    this.#end = tables.sequence;
    this.#isBehind = isBehind;
  }

  async load(instance: Instance): Promise<Activation> {
    const isFirst = instance.headSequence === undefined;
    const head = await this.#heads.read(instance);
    if (head && isFirst && head.logSeq > this.#end && !this.#wroteItself(head))
      throw new StorageRegressedError(
        `The head of ${instance.address} knows of record ${head.logSeq}, the log ended at ${this.#end}: the log stream ` +
          'lost acknowledged records.',
      );
    const behind = (this.#tail.get(instance.address) ?? []).filter(({ sequence }) => sequence > (head?.logSeq ?? 0));
    this.#tail.delete(instance.address);
    const activation = await this.#activation(instance, head, behind);
    if (behind[0]) this.#isBehind(instance, behind[0].sequence);
    return activation;
  }

  /** An instance that this owner has passivated since: its head may be younger than the takeover. */
  #wroteItself({ epoch }: Head): boolean {
    return epoch === this.#heads.epoch;
  }

  async #activation(instance: Instance, head: Head | undefined, behind: readonly TailEntry[]): Promise<Activation> {
    const addressee = parseAddress(instance.address);
    if (addressee.kind === 'entity') {
      if (head && head.type !== 'entity') throw mismatch(instance, head);
      const activation = new EntityActivation(addressee.entity, this.#host, head);
      for (const { entry } of behind) activation.apply(entry);
      activation.resume();
      return activation;
    }
    if (head && head.type !== 'orchestration') throw mismatch(instance, head);
    const earlier = head && !isEnded(head) ? await this.#heads.segments(head) : [];
    const state = head && OrchestrationState.from(head, earlier);
    const activation = new OrchestrationActivation(addressee.instanceId, this.#host, this.#random, state, earlier);
    for (const { entry } of behind) activation.apply(entry);
    return activation;
  }
}

function isEnded({ status }: Extract<Head, { type: 'orchestration' }>): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}

function mismatch(instance: Instance, head: Head): CorruptHistoryError {
  return new CorruptHistoryError(`The head of ${instance.address} is of a ${head.type}`);
}
