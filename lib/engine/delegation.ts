import type { CodeName, InputBody, StepOutput } from './activation.js';
import { DelegatedRun } from './delegated-run.js';
import type { Instance } from './instance.js';
import type { HubPorts, Subscription } from './ports.js';
import { scoreOf } from './rendezvous.js';

/** Who has registered what, among the workers that live. */
export interface Directory {
  /** The ids of the workers that registered it and take steps of others. */
  workersWith(code: CodeName): readonly string[];
  /** Tells whenever that may have changed. */
  onChange(listener: () => void): Subscription;
}

/** Nobody has registered anything. */
export const emptyDirectory: Directory = { workersWith: () => [], onChange: () => ({ close: () => {} }) };

/** A worker that did not answer, or could not run a step, is not asked for so many milliseconds if there is another. */
const AVOIDED = 10_000;

/**
 * The steps of a partition's instances whose code this worker has not registered: each is run by a worker that has, on a
 * copy of the instance, and comes back as data. The owner commits it like a step of its own, so an answer that is lost or
 * comes twice does no harm. As long as no worker has the code the instance waits, and the others go on.
 */
export class Delegation {
  readonly #hub: HubPorts;
  readonly #partition: number;
  readonly #directory: Directory;
  readonly #subscription: Subscription;
  /** Tells the workers' copies of this owner's instances from those of others. */
  readonly #id: string;
  readonly #avoided = new Map<string, number>();
  readonly #runs = new Set<DelegatedRun>();
  readonly #waiting = new Set<() => void>();
  #cancelWake: (() => void) | undefined;
  #isClosed = false;

  constructor(hub: HubPorts, partition: number, directory: Directory = emptyDirectory) {
    this.#hub = hub;
    this.#partition = partition;
    this.#directory = directory;
    this.#id = hub.random.id();
    this.#subscription = directory.onChange(() => this.#wake());
  }

  /** Runs a step elsewhere; resolves with what it brings, however long that takes, and never once closed. */
  async run(instance: Instance, code: CodeName, input: InputBody): Promise<StepOutput> {
    for (;;) {
      const worker = await this.#place(instance, code);
      const run = new DelegatedRun(this.#hub, { owner: this.#id, partition: this.#partition, worker });
      this.#runs.add(run);
      const output = await run.step(instance, input, this.#hub.clock.now());
      this.#runs.delete(run);
      if (output) return output;
      this.#avoided.set(worker, this.#hub.clock.now() + AVOIDED);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription.close();
    this.#cancelWake?.();
    for (const run of this.#runs) run.close();
    this.#waiting.clear();
  }

  /** The worker to ask: for one instance the same again and again, for it has a copy. Waits for one. */
  async #place(instance: Instance, code: CodeName): Promise<string> {
    for (;;) {
      const worker = this.#isClosed ? undefined : this.#candidate(instance, code);
      instance.waitsFor = worker === undefined ? code : undefined;
      if (worker !== undefined) return worker;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #candidate({ address }: Instance, code: CodeName): string | undefined {
    const workers = this.#directory.workersWith(code);
    const trusted = workers.filter((worker) => this.#isTrusted(worker));
    const candidates = trusted.map((worker) => ({ worker, score: scoreOf(worker, address) }));
    if (candidates.length === 0 && workers.length > 0) this.#wakeLater();
    return candidates.toSorted((a, b) => b.score - a.score || (a.worker < b.worker ? -1 : 1))[0]?.worker;
  }

  #isTrusted(worker: string): boolean {
    const until = this.#avoided.get(worker);
    if (until === undefined) return true;
    if (until > this.#hub.clock.now()) return false;
    this.#avoided.delete(worker);
    return true;
  }

  /** All that have the code are avoided: that ends by itself. */
  #wakeLater(): void {
    this.#cancelWake ??= this.#hub.clock.after(AVOIDED, () => {
      this.#cancelWake = undefined;
      this.#wake();
    });
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
