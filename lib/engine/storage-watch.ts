import { asError } from './as-error.js';
import type { Loops } from './loops.js';
import type { PartitionPorts, StorageBounds } from './ports.js';
import type { Recovered } from './recovery.js';
import { checkpointGone, refuseMissing } from './stream-loss.js';

/** Milliseconds between two looks. A partition at rest is looked after every second time. */
const INTERVAL = 3_000;

/**
 * Looks after the partition's streams while it is owned: whoever purges, deletes or creates them anew takes what was
 * acknowledged, and an owner that goes on over the hole would make it worse (P12). What is refused, within 10 s: a stream
 * or the hub's record that is gone or another one, records of the log and mail that are still needed and missing, and a
 * checkpoint that is gone.
 */
export class StorageWatch {
  readonly #ports: PartitionPorts;
  readonly #recovered: Pick<Recovered, 'tables' | 'checkpoints'>;
  /** The lowest record that this owner has left in the log. */
  readonly #keptFrom: () => number;
  readonly #failed: (error: Error) => void;
  readonly #loops: Loops;
  #cancel: (() => void) | undefined;
  #isStopped = false;
  /** The last record at the last look, and whether a look was left out since. */
  #seen = { sequence: -1, isLeftOut: false };

  constructor(
    ports: PartitionPorts,
    recovered: Pick<Recovered, 'tables' | 'checkpoints'>,
    keptFrom: () => number,
    failed: (error: Error) => void,
    loops: Loops,
  ) {
    this.#loops = loops;
    this.#ports = ports;
    this.#recovered = recovered;
    this.#keptFrom = keptFrom;
    this.#failed = failed;
  }

  start(): void {
    this.#cancel = this.#ports.clock.about(INTERVAL, () => {
      if (this.#isAtRest()) return this.start();
      this.#loops.watch('the look after the streams', this.#look()).then(
        () => this.#isStopped || this.start(),
        (error: unknown) => this.#failed(asError(error)),
      );
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /**
   * Whether this look may be left out: nothing was recorded since the last one. Never two in a row, and all partitions of a
   * worker the same ones, so that they go on sharing what they look at together.
   */
  #isAtRest(): boolean {
    const { sequence } = this.#recovered.tables;
    const isOdd = Math.round(this.#ports.clock.now() / INTERVAL) % 2 === 1;
    const isLeftOut = isOdd && !this.#seen.isLeftOut && sequence === this.#seen.sequence;
    this.#seen = { sequence, isLeftOut };
    return isLeftOut;
  }

  async #look(): Promise<void> {
    const { tables } = this.#recovered;
    const known = { record: tables.sequence, mail: tables.accepted };
    await this.#check(await this.#ports.storage.bounds(), known);
  }

  /** This owner and those before it purge below marks that rise: they are read after the bounds. */
  async #check({ log, mail, state }: StorageBounds, known: { record: number; mail: number }): Promise<void> {
    const { views, subjects } = this.#ports;
    const { tables, checkpoints } = this.#recovered;
    refuseMissing(subjects.streamName('log'), log, this.#keptFrom(), known.record);
    refuseMissing(subjects.streamName('mail'), mail, tables.cursor + 1, known.mail);
    if (state.first > checkpoints.sequence && !(await views.read(subjects.checkpoint)))
      throw checkpointGone(subjects.streamName('state'), subjects.checkpoint);
  }
}
