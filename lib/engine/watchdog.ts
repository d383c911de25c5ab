import type { PartitionInspection } from '../wire/inspection.js';
import type { PartitionPorts } from './ports.js';

/** Milliseconds between two looks. */
const BEAT = 5_000;
/** A loop that has waited so many milliseconds for one thing is told. */
const STUCK = 10_000;

/** Something that goes on by itself, and since when it has waited for the same thing; undefined: it does not wait. */
export interface Loop {
  readonly name: string;
  readonly since: () => number | undefined;
}

/** What is watched of the parts of a partition. */
export function loopsOf(
  committer: Waiting,
  flusher: Waiting,
  upkeep: Waiting,
  instances: { readonly loadingSince: number | undefined },
): readonly Loop[] {
  return [
    { name: 'the commit of a record', since: () => committer.since },
    { name: 'the storing of heads', since: () => flusher.since },
    { name: 'the storing of the checkpoint', since: () => upkeep.since },
    { name: 'the loading of an instance', since: () => instances.loadingSince },
  ];
}

/** A part that waits for one thing at a time: since when; undefined: it does not wait. */
interface Waiting {
  readonly since: number | undefined;
}

/** Looks whether the loops of a partition go on; one that stands still is told once, with what the partition looks like. */
export class Watchdog {
  readonly #ports: PartitionPorts;
  readonly #loops: readonly Loop[];
  readonly #inspect: () => PartitionInspection;
  /** The waits that were told. */
  readonly #told = new Map<string, number>();
  #cancel: (() => void) | undefined;

  constructor(ports: PartitionPorts, loops: readonly Loop[], inspect: () => PartitionInspection) {
    this.#ports = ports;
    this.#loops = loops;
    this.#inspect = inspect;
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

  #look(): void {
    const now = this.#ports.clock.now();
    for (const { name, since } of this.#loops) {
      const from = since();
      if (from === undefined || now - from < STUCK) this.#told.delete(name);
      else if (this.#told.get(name) !== from) this.#tell(name, from, now);
    }
  }

  #tell(name: string, from: number, now: number): void {
    this.#told.set(name, from);
    const { logger, subjects } = this.#ports;
    logger.warn(`Stuck: ${name} has waited for ${Math.round((now - from) / 1_000)} s`, {
      instance: `partition ${subjects.partition}`,
      dump: JSON.stringify(this.#inspect()),
    });
  }
}
