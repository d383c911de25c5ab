import type { LoopWait } from '../wire/inspection.js';
import type { Loops } from './loops.js';
import type { Clock, Logger } from './ports.js';

/** Milliseconds between two looks. */
const BEAT = 5_000;
/** A loop that has waited so many milliseconds for one thing is told. */
const STUCK = 10_000;

/** Looks whether loops go on; one that stands still is told once, with what the place looks like in which it does. */
export class Watchdog {
  readonly #ports: { readonly clock: Clock; readonly logger: Logger };
  readonly #where: string;
  readonly #loops: Loops;
  readonly #dump: () => object;
  /** The waits that were told, by the names of their loops. */
  readonly #told = new Map<string, number>();
  #cancel: (() => void) | undefined;

  /** `where`: the place, for people. */
  constructor(
    ports: { readonly clock: Clock; readonly logger: Logger },
    where: string,
    loops: Loops,
    dump: () => object = () => ({ waits: loops.waits }),
  ) {
    this.#ports = ports;
    this.#where = where;
    this.#loops = loops;
    this.#dump = dump;
  }

  start(): void {
    this.#cancel = this.#ports.clock.about(BEAT, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Of several waits of one name the longest is told. */
  #look(): void {
    const now = this.#ports.clock.now();
    const longest = new Map<string, LoopWait>();
    for (const wait of this.#loops.waits) if (!longest.has(wait.name)) longest.set(wait.name, wait);
    for (const name of this.#told.keys()) if (!longest.has(name)) this.#told.delete(name);
    for (const wait of longest.values()) {
      if (now - wait.since < STUCK || this.#told.get(wait.name) === wait.since) continue;
      this.#told.set(wait.name, wait.since);
      this.#tell(wait, now);
    }
  }

  #tell({ name, since, instance }: LoopWait, now: number): void {
    this.#ports.logger.warn(`Stuck: ${name} has waited for ${Math.round((now - since) / 1_000)} s`, {
      instance: instance ?? this.#where,
      where: this.#where,
      dump: JSON.stringify(this.#dump()),
    });
  }
}
