import type { ActivationCache, PartitionLoad } from './activation-cache.js';
import type { MailLimits } from './mail-limits.js';

/** The part of the worker's bounds that each partition may have anyway. */
const SHARE = 12;
/** So many dropped messages fill a record. */
const MANY_DROPPED = 500;

/** What decides whether a partition takes more mail. */
export interface MailLoad extends PartitionLoad {
  /** About how many bytes of inputs are in memory. */
  readonly bytes: number;
  /** Messages that the open group drops. */
  readonly dropped: number;
}

/** Lets mail in as fast as it can be worked off and memory allows. */
export class MailGate {
  readonly #limits: MailLimits;
  readonly #activations: ActivationCache;
  readonly #load: MailLoad;
  #whenOpen: (() => void)[] = [];
  #isClosed = false;

  constructor(limits: MailLimits, activations: ActivationCache, load: MailLoad) {
    this.#limits = limits;
    this.#activations = activations;
    this.#load = load;
    activations.join(load);
  }

  /** Whether more mail may be taken. */
  get isOpen(): boolean {
    const { ready, unwritten, dropped } = this.#load;
    if (this.isCrowded || dropped >= MANY_DROPPED) return false;
    const limits = this.#limits;
    if (SHARE * ready < limits.inputs && SHARE * unwritten < limits.unwritten) return true;
    const all = this.#activations.load;
    return all.ready < limits.inputs && all.unwritten < limits.unwritten;
  }

  /** Whether inputs take more memory than they may. */
  get isCrowded(): boolean {
    return this.#load.bytes >= this.#limits.bytes;
  }

  /** Resolves when more mail may be taken, or none will be. */
  whenOpen(): Promise<void> {
    if (this.isOpen || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#whenOpen.push(resolve));
  }

  /** Something was worked off: mail is taken again when half of it is. */
  look(): void {
    if (this.#whenOpen.length === 0 || 2 * this.#load.ready > this.#limits.inputs || !this.isOpen) return;
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#activations.leave(this.#load);
    this.#open();
  }

  #open(): void {
    for (const resolve of this.#whenOpen.splice(0)) resolve();
  }
}
