import { encodeAdvert } from '../wire/advert-codec.js';
import type { Address } from '../wire/messages.js';
import { asError } from './as-error.js';
import type { Flusher } from './flusher.js';
import type { Instances } from './instances.js';
import type { Loops } from './loops.js';
import { NotePageMaker } from './note-page-maker.js';
import { NotePaging, type PagingTurn } from './note-paging.js';
import type { PartitionPorts } from './ports.js';
import type { Recovered } from './recovery.js';
import { RetentionSweep, type Sweeping } from './retention-sweep.js';

/** Milliseconds between two rounds. */
const BEAT = 1_000;
/** What was received is told when it has changed, and again after so many rounds: a word on the bus may get lost. */
const TOLD_AGAIN = 5;
/** Milliseconds between two looks at what the heads show, for somebody who waits for that. */
const LOOK = 20;
/** Mail below the cursor that is kept. */
const MARGIN = 256;

/** What an owner does once a second: tells what it received, lets idle instances rest, stores its tables, forgets. */
export class Upkeep {
  readonly #ports: PartitionPorts;
  readonly #receivedSubject: string;
  readonly #recovered: Recovered;
  readonly #instances: Instances;
  readonly #flusher: Flusher;
  readonly #failed: (error: Error) => void;
  /** The last record that the stored checkpoint of this owner includes, and the first that recovery reads. */
  #stored = { logSeq: 0, low: 0 };
  /** The last record whose receipts were told, and the rounds since. */
  #told = { sequence: -1, rounds: 0 };
  /** The lowest record that it has left in the log. */
  #keptFrom: number;
  readonly #retention: RetentionSweep;
  readonly #paging: NotePaging;
  #cancel: (() => void) | undefined;
  readonly #loops: Loops;
  #isStopped = false;
  #storing: Promise<void> = Promise.resolve();

  constructor(
    ports: PartitionPorts,
    receivedSubject: string,
    recovered: Recovered,
    instances: Instances,
    flusher: Flusher,
    sweeping: Sweeping & { readonly paging: PagingTurn },
    failed: (error: Error) => void,
    loops: Loops,
  ) {
    this.#loops = loops;
    this.#ports = ports;
    this.#receivedSubject = receivedSubject;
    this.#recovered = recovered;
    this.#instances = instances;
    this.#flusher = flusher;
    this.#failed = failed;
    this.#keptFrom = recovered.low;
    const due = (address: Address): void => {
      instances.deliver(address, { body: { kind: 'due' }, bytes: 0 });
      instances.pump();
    };
    this.#retention = new RetentionSweep(ports, sweeping, due, () => flusher.limitsRetention, loops);
    // A message of mine in the state stream is behind all that was stored of it: so many heads there are at most.
    flusher.changes.behind += recovered.checkpoints.sequence;
    const maker = new NotePageMaker(ports, recovered.tables.epoch, flusher.changes);
    this.#paging = new NotePaging(ports, maker, sweeping.paging, loops);
  }

  /** Below this record the log may be forgotten, by this owner or by one before it. */
  get keptFrom(): number {
    return this.#keptFrom;
  }

  start(): void {
    this.#retention.start();
    this.#beat();
  }

  /** Resolves once the heads show all that is committed now, or this owner has ended. */
  async stored(): Promise<void> {
    const { sequence } = this.#recovered.tables;
    while (!this.#isStopped && this.#low() <= sequence)
      await new Promise<void>((resolve) => void this.#ports.clock.after(LOOK, resolve));
  }

  #beat(): void {
    this.#advertise();
    this.#cancel = this.#ports.clock.about(BEAT, () => {
      this.#instances.rest();
      this.#paging.beat();
      this.checkpoint().then(
        () => this.#isStopped || this.#beat(),
        (error: unknown) => this.#failed(asError(error)),
      );
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#retention.stop();
    this.#paging.stop();
    this.#cancel?.();
  }

  /**
   * Stores the tables, then forgets what they and the heads cover (C8, P8). One call at a time: the log must never be
   * forgotten behind a checkpoint that another call stored. `released`: it is the last one, and nothing follows in the log.
   */
  checkpoint(last: { readonly released?: true } = {}): Promise<void> {
    this.#storing = this.#storing.then(() => this.#loops.watch('the storing of the checkpoint', this.#store(last)));
    return this.#storing;
  }

  async #store(last: { readonly released?: true }): Promise<void> {
    const { tables, checkpoints } = this.#recovered;
    const low = this.#low();
    if (tables.sequence === this.#stored.logSeq && low === this.#stored.low && !last.released) return;
    const snapshot = tables.snapshot();
    const drawers = tables.sessions.takeChanged();
    const { cursor } = tables;
    await checkpoints.write({ v: 1, ...snapshot, low, ...last }, drawers);
    this.#stored = { logSeq: snapshot.logSeq, low };
    this.#keptFrom = Math.max(this.#keptFrom, low);
    await this.#ports.log.purgeBelow(low);
    if (cursor > MARGIN) await this.#ports.mailbox.purgeBelow(cursor + 1 - MARGIN);
  }

  /** The first record that recovery must read: what this owner has not loaded yet stands in no head either. */
  #low(): number {
    let low = this.#flusher.watermark;
    for (const [entry] of this.#recovered.tail.values()) low = Math.min(low, entry?.first ?? low);
    return low;
  }

  /** A sender forgets what this partition's committed state has received (P2). */
  #advertise(): void {
    const { bus, subjects } = this.#ports;
    const { received, epoch, sequence } = this.#recovered.tables;
    if (received.size === 0 || (sequence === this.#told.sequence && ++this.#told.rounds < TOLD_AGAIN)) return;
    this.#told = { sequence, rounds: 0 };
    const { partition } = subjects;
    bus.publish(
      this.#receivedSubject,
      encodeAdvert({ v: 1, partition, epoch, received: Object.fromEntries(received) }),
    );
  }
}
