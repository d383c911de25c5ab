import { versionedName } from '../core/orchestrator-version.js';
import type { HandlerOutcome } from '../core/turn.js';
import type { CodeName, InputBody, QueryInput, StepOutput } from './activation.js';
import { DelegatedRun } from './delegated-run.js';
import type { Instance } from './instance.js';
import type { Loop, Loops } from './loops.js';
import type { Beside } from './operation-calls.js';
import type { HubPorts, Subscription } from './ports.js';
import { RecentMap } from './recent-map.js';
import { scoreOf } from './rendezvous.js';
import { concernsWhole } from './waiting.js';

/** Who has registered what, among the workers that live. */
export interface Directory {
  /** The ids of the workers that registered it and take steps of others. */
  workersWith(code: CodeName): readonly string[];
  /** Tells whenever that may have changed. */
  onChange(listener: () => void): Subscription;
}

/** Nobody has registered anything. */
export const emptyDirectory: Directory = { workersWith: () => [], onChange: () => ({ close: () => {} }) };

/** A worker that did not answer, or could not run a step, is not asked for so many milliseconds if there is another, */
const AVOIDED = 30_000;
/** and not for so many if there is none. */
const PAUSE = 1_000;
/** So many workers are asked a query that do not answer it. */
const MOST_ASKED = 3;
/** When so many workers died while they ran the same step, it is to blame. */
const MOST_DEATHS = 3;

/** Whom the delegation tells. */
export interface DelegationListener {
  /** An instance kills the workers that run its step. */
  accuse(instance: Instance, reason: string): void;
  /** The operation that an entity runs makes a call (P18). */
  readonly called: Beside;
}

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
  /** When workers failed last. */
  readonly #failures = new RecentMap<string, number>(1_000);
  readonly #runs = new Set<DelegatedRun>();
  /** The instances that wait for a worker, and what lets them look again. */
  readonly #waiting = new Map<Instance, () => void>();
  readonly #listener: DelegationListener;
  readonly #loops: Loops;
  #cancelWake: (() => void) | undefined;
  #isClosed = false;

  constructor(
    hub: HubPorts,
    partition: number,
    directory: Directory = emptyDirectory,
    listener: DelegationListener,
    loops: Loops,
  ) {
    this.#hub = hub;
    this.#loops = loops;
    this.#listener = listener;
    this.#partition = partition;
    this.#directory = directory;
    this.#id = hub.random.id();
    this.#subscription = directory.onChange(() => this.#wake());
  }

  /**
   * Runs a step elsewhere; resolves with what it brings, however long that takes, or with undefined when it kills the
   * workers that run it, or is to be held back for want of one. Never settles once closed.
   */
  async run(instance: Instance, code: CodeName, input: InputBody): Promise<StepOutput | undefined> {
    const silent = new Set<string>();
    const loop = this.#loops.add('a step that another worker runs', () => instance.address);
    try {
      for (;;) {
        const worker = await this.#place(instance, code, input, loop);
        if (worker === undefined) return undefined;
        if (this.#deadOf(silent, code) >= MOST_DEATHS) break;
        const answer = await this.#ask(worker, instance, (run, now) => run.step(instance, input, now), loop);
        if (typeof answer === 'object') return answer;
        if (answer === 'silence') silent.add(worker);
      }
    } finally {
      this.#loops.remove(loop);
    }
    this.#listener.accuse(
      instance,
      `${MOST_DEATHS} workers with ${code.kind} "${versionedName(code)}" died while they ran its next message`,
    );
    return undefined;
  }

  /**
   * Whether a step whose code no worker has is to be taken without it: it is a start or a request to the instance as a whole,
   * which can be decided without code, or such a one waits behind it (docs/adr/0043).
   */
  mustHoldBack({ waiting }: Instance, code: CodeName, input: InputBody): boolean {
    const isRewind = input.kind === 'control' && input.action === 'rewind';
    const isDecided = waiting.hasControl || (concernsWhole(input) && !isRewind);
    return isDecided && code.kind === 'orchestrator' && this.isNowhere(code);
  }

  /** Whether no worker that lives has the code, apart from this one. */
  isNowhere(code: CodeName): boolean {
    return this.#directory.workersWith(code).length === 0;
  }

  /** Something has come for an instance: if it waits for a worker, it is looked at again whether it must. */
  look(instance: Instance): void {
    const wake = this.#waiting.get(instance);
    this.#waiting.delete(instance);
    wake?.();
  }

  /**
   * Asks a query of an instance as it is now; undefined: no worker that lives has the code, or none of those asked answers.
   * Never settles once closed.
   */
  async query(instance: Instance, code: CodeName, query: QueryInput): Promise<HandlerOutcome | undefined> {
    for (let asked = 0; asked < MOST_ASKED; asked++) {
      const worker = this.#candidate(instance, code);
      if (worker === undefined) {
        if (this.isNowhere(code)) return undefined;
        await new Promise<void>((resolve) => this.#hub.clock.after(PAUSE, resolve)); // all have just failed
        continue;
      }
      const answer = await this.#ask(worker, instance, (run, now) => run.query(instance, query, now));
      if (typeof answer === 'object') return answer;
    }
    return undefined;
  }

  async #ask<A extends object>(
    worker: string,
    instance: Instance,
    ask: (run: DelegatedRun, now: number) => Promise<A | 'refused' | 'silence'>,
    loop?: Loop,
  ): Promise<A | 'refused' | 'silence'> {
    const to = { owner: this.#id, partition: this.#partition, worker };
    const run = new DelegatedRun(this.#hub, to, {
      called: (output, isWanted) => this.#listener.called(instance.address, output, isWanted),
      heard: () => loop?.moved(),
    });
    this.#runs.add(run);
    const answer = await ask(run, this.#hub.clock.now());
    this.#runs.delete(run);
    if (typeof answer === 'string') this.#failures.set(worker, this.#hub.clock.now());
    return answer;
  }

  /** How many of the workers that said nothing any more are seen to have died. */
  #deadOf(silent: ReadonlySet<string>, code: CodeName): number {
    if (silent.size === 0) return 0;
    const live = new Set(this.#directory.workersWith(code));
    return [...silent].filter((worker) => !live.has(worker)).length;
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription.close();
    this.#cancelWake?.();
    for (const run of this.#runs) run.close();
    this.#waiting.clear();
  }

  /**
   * The worker to ask: for one instance the same again and again, for it has a copy. Waits for one; as long as no worker has
   * the code, that is no wait that should end. Undefined: it must not wait.
   */
  async #place(instance: Instance, code: CodeName, input: InputBody, loop: Loop): Promise<string | undefined> {
    for (;;) {
      if (this.isNowhere(code)) loop.end();
      else if (loop.since === undefined) loop.begin();
      const worker = this.#isClosed ? undefined : this.#candidate(instance, code);
      const isHeldBack = !this.#isClosed && worker === undefined && this.mustHoldBack(instance, code, input);
      instance.waitsFor = worker === undefined && !isHeldBack ? code : undefined;
      if (worker !== undefined || isHeldBack) return worker;
      await new Promise<void>((resolve) => this.#waiting.set(instance, resolve));
    }
  }

  #candidate({ address }: Instance, code: CodeName): string | undefined {
    const workers = this.#directory.workersWith(code).map((worker) => ({
      worker,
      silence: this.#hub.clock.now() - (this.#failures.get(worker) ?? -Infinity),
      score: scoreOf(worker, address),
    }));
    const trusted = workers.filter(({ silence }) => silence >= AVOIDED).toSorted((a, b) => b.score - a.score);
    const [next] = trusted.length > 0 ? trusted : workers.toSorted((a, b) => b.silence - a.silence);
    if (!next || next.silence >= PAUSE) return next?.worker;
    this.#wakeLater();
    return undefined;
  }

  /** All that have the code have just failed. */
  #wakeLater(): void {
    this.#cancelWake ??= this.#hub.clock.after(PAUSE, () => {
      this.#cancelWake = undefined;
      this.#wake();
    });
  }

  #wake(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
