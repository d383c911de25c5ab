import {
  MessageDiscardedError,
  type CorruptHistoryError,
  type PerdureError,
  type VersionTooNewError,
} from '../errors.js';
import type { Address } from '../wire/messages.js';
import { isDamage } from './damage.js';
import { isRefusable, plannedIn } from './full-mailboxes.js';
import type { Group } from './group.js';
import type { Input, Instance } from './instance.js';
import type { PartitionPorts } from './ports.js';
import type { PartitionTables } from './tables.js';

/** One death may have had another reason that struck just then: an instance is to blame for the second one. */
const MOST_BLAMES = 2;
/** An instance that is blamed is tried apart from all else, so many milliseconds after its owner began. */
const CALM = 5_000;
/**
 * So many inputs are tried after a death: the steps of two groups. What ends an owner is among the first that it takes, for
 * what it has taken and lived is in its records.
 */
const MOST_TRIALS = 1_000;
/** An input on trial is not to blame for what happens so many milliseconds later. */
const PATIENCE = 5_000;

/** What the quarantine needs of the rest of its partition. */
export interface QuarantineParts {
  readonly tables: PartitionTables;
  readonly ports: PartitionPorts;
  /** The open group. */
  readonly group: () => Group;
  /** Lets an instance run, and runs what can run. False: nothing waits for it. */
  readonly wake: (address: Address) => boolean;
  /** Commits what is open, as soon as that can be. */
  readonly pump: () => void;
  /** Consumes an input without a step: whoever waits for it is told, or it goes to the dead letters. */
  readonly refuse: (instance: Instance, input: Input, error: PerdureError) => void;
}

/**
 * Finds the input that kills whoever takes it, and keeps it from killing more.
 *
 * What had been waiting for the whole of an epoch whose owner died is suspect: it is taken one input at a time, each
 * after a record has said which instance takes it. If that owner dies meanwhile, the instance is blamed. Owners that die of
 * other causes mostly die while they are busy, as in the beginning: so it is tried again when the next owner has been at
 * work for a while. If that one dies as well just then, the instance is quarantined. It takes nothing until it is
 * released; all others go on.
 */
export class Quarantine {
  readonly #parts: QuarantineParts;
  /** Quarantined, and not yet in an acknowledged record. */
  readonly #added = new Set<Address>();
  /** Held back by this owner alone, and since when. */
  readonly #held = new Map<Address, number>();
  /** The instance whose input is on trial, and whether the record that says so is acknowledged. */
  #trial: Trial | undefined;
  /** Instances released without their next message. */
  readonly #discards = new Set<Address>();
  /** Instances that wait for their trial, in order. */
  readonly #waiting = new Set<Instance>();
  #trials = 0;
  /** Blamed ones that are tried later. */
  readonly #postponed = new Set<Address>();
  #calmAt = 0;

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  /** Quarantines whoever is to blame for the former owner's death. */
  start(): void {
    this.#calmAt = this.#parts.ports.clock.now() + CALM;
    for (const [to, deaths] of this.#parts.tables.poison.blamed)
      if (deaths >= MOST_BLAMES) this.add(to, 'owners of its partition died whenever it took its next message');
  }

  /** Quarantines an instance. */
  add(address: Address, reason: string): void {
    if (this.holds(address)) return;
    this.#added.add(address);
    this.#parts.group().quarantined.push(address);
    this.#parts.ports.logger.error(`Quarantined: ${reason}`, { instance: address });
  }

  /**
   * Quarantines an instance that cannot be loaded. One that a newer version has written is held back by this owner alone, and
   * nothing of that is recorded: the next owner may be of that version.
   */
  exclude(address: Address, error: CorruptHistoryError | VersionTooNewError): void {
    if (isDamage(error)) return this.add(address, error.message);
    if (this.holds(address)) return;
    const { clock, logger } = this.#parts.ports;
    this.#held.set(address, clock.now());
    logger.error(`It takes nothing here: ${error.message}`, { instance: address });
  }

  /** The instances that this owner alone holds back, and since when. */
  get held(): ReadonlyMap<Address, number> {
    return this.#held;
  }

  /** Whether an instance takes nothing. */
  holds(address: Address): boolean {
    return this.#parts.tables.poison.quarantined.has(address) || this.#added.has(address) || this.#held.has(address);
  }

  /** Whether an instance may take its next input now; if not, it is woken when it may. */
  admits(instance: Instance, input: Input): boolean {
    const { quarantined, suspects, blamed } = this.#parts.tables.poison;
    if (!suspects && quarantined.size === 0 && this.#added.size === 0 && this.#held.size === 0) return true;
    if (this.holds(instance.address)) return false;
    // While a blamed one waits, its input may be parked anew.
    if (!blamed.has(instance.address) && !this.#isSuspect(input) && !this.#isOverdue(instance, input)) return true;
    if (this.#isPostponed(instance.address)) return false;
    if (!this.#trial) this.#begin(instance);
    else if (this.#trial.instance !== instance) this.#wait(instance);
    else return this.#trial.group.isAcknowledged && this.#watch(this.#trial);
    return false;
  }

  /** A record is acknowledged: who is on trial may take its input. */
  acknowledged(group: Group): void {
    for (const address of group.quarantined) this.#added.delete(address);
    for (const address of group.released) this.#parts.wake(address);
    if (this.#trial?.group !== group) return;
    const { instance } = this.#trial;
    if (instance.waiting.length === 0) this.took(instance);
    else this.#parts.wake(instance.address);
  }

  /** An instance has taken an input and lived. */
  took(instance: Instance): void {
    if (this.#trial?.instance !== instance) return;
    this.#trial = undefined;
    if (++this.#trials >= MOST_TRIALS) return this.#wakeAll();
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      if (this.#parts.wake(next.address)) return;
    }
  }

  /**
   * Lets a quarantined instance take its inputs again, once the record is acknowledged; without its next message when
   * that is to be discarded. False: it is not quarantined.
   */
  release(address: Address, discard: boolean): boolean {
    if (!this.holds(address)) return false;
    if (discard) this.#discards.add(address);
    if (this.#held.delete(address)) {
      this.#parts.wake(address);
      this.#parts.pump();
      return true;
    }
    this.#parts.group().released.push(address);
    this.#parts.pump();
    return true;
  }

  /** Whether an input is discarded instead of taken: what the engine itself tells an instance is not, but a planned operation. */
  discards(instance: Instance, input: Input): boolean {
    if (this.#discards.size === 0 || !(isRefusable(input) || plannedIn(instance, input))) return false;
    if (!this.#discards.delete(instance.address)) return false;
    this.took(instance);
    this.#parts.refuse(instance, input, new MessageDiscardedError(instance.address));
    return true;
  }

  #isPostponed(address: Address): boolean {
    const { tables, ports } = this.#parts;
    const rest = this.#calmAt - ports.clock.now();
    if (rest <= 0 || !tables.poison.blamed.has(address)) return false;
    if (!this.#postponed.has(address)) {
      this.#postponed.add(address);
      ports.clock.after(rest, () => {
        this.#postponed.delete(address);
        this.#parts.wake(address);
      });
    }
    return true;
  }

  #begin(instance: Instance): void {
    const group = this.#parts.group();
    this.#trial = { instance, group };
    group.trial = instance.address;
  }

  /** What has run for a while has not killed anybody: then others have their turn, and later deaths have other reasons. */
  #watch(trial: Trial): true {
    this.#parts.ports.clock.after(PATIENCE, () => {
      if (this.#trial !== trial) return;
      this.#parts.group().survived = true;
      this.took(trial.instance);
      this.#parts.pump();
    });
    return true;
  }

  #wait(instance: Instance): void {
    this.#waiting.add(instance);
    if (this.#waiting.size === 1) this.#hurry();
  }

  #wakeAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { address } of waiting) this.#parts.wake(address);
  }

  /** Whose turn it is may have nothing to take any more, and call nobody: then all who wait are called. */
  #hurry(): void {
    const trial = this.#trial;
    this.#parts.ports.clock.after(PATIENCE, () => {
      if (this.#waiting.size === 0) return;
      if (this.#trial !== trial) return this.#hurry();
      this.#trial = undefined;
      if (trial) this.#parts.wake(trial.instance.address);
      this.#wakeAll();
      this.#parts.pump();
    });
  }

  #isSuspect({ mail, local, parked }: Input): boolean {
    const { suspects } = this.#parts.tables.poison;
    if (!suspects || this.#trials >= MOST_TRIALS) return false;
    if (mail) return mail[0] <= suspects.mail;
    if (local) return local[0] <= suspects.counter;
    return parked !== undefined && epochOf(parked[0]) < this.#parts.tables.epoch;
  }

  /** A planned operation that was due before this owner began may have ended the former one. */
  #isOverdue(instance: Instance, input: Input): boolean {
    if (!this.#parts.tables.poison.suspects || this.#trials >= MOST_TRIALS) return false;
    return plannedIn(instance, input) !== undefined && instance.activation!.dueAt! <= this.#calmAt - CALM;
  }
}

/** The instance whose input is on trial, and the group that says so. */
interface Trial {
  readonly instance: Instance;
  readonly group: Group;
}

/** The epoch in which a page of parked messages was made: `<epoch>.<n>`. */
function epochOf(page: string): number {
  return Number(page.split('.', 1)[0]);
}
