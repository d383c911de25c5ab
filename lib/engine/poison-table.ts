import type { Checkpoint } from '../wire/checkpoint.js';
import type { Address } from '../wire/messages.js';
import type { Beginning, Quarantine } from '../wire/quarantine.js';
import type { CommitRecord, EpochRecord, LogRecord, StepEntry } from '../wire/record.js';

/** So many instances are remembered as blamed at most. */
const MOST_BLAMED = 100;

/** What a partition durably knows of inputs that kill whoever takes them. Changed by records only, as all tables. */
export class PoisonTable {
  /** What was waiting when this epoch began. */
  began: Beginning = { mail: 0, counter: 0 };
  /** What had waited for all of the epoch before, whose owner died; undefined: nothing is suspect. */
  suspects: Beginning | undefined;
  /** The instance that is about to take a suspect input. */
  trial: Address | undefined;
  /** Instances that were about to when an owner died, and how many died so since the instance last took an input. */
  readonly blamed = new Map<Address, number>();
  readonly quarantined = new Map<Address, Quarantine>();

  /** `counter`: of the last commit record before it. */
  apply(record: LogRecord, counter: number): void {
    if (record.type === 'epoch') this.#begin(record, counter);
    else if (record.type === 'commit') this.#commit(record);
  }

  #begin({ mail = 0, unclean }: EpochRecord, counter: number): void {
    this.suspects = unclean ? this.began : undefined;
    if (!unclean) this.blamed.clear();
    else if (this.trial !== undefined) this.#blame(this.trial);
    this.trial = undefined;
    this.began = { mail, counter };
  }

  #blame(to: Address): void {
    const deaths = (this.blamed.get(to) ?? 0) + 1;
    this.blamed.delete(to);
    const [oldest] = this.blamed.keys();
    if (this.blamed.size >= MOST_BLAMED) this.blamed.delete(oldest!);
    this.blamed.set(to, deaths);
  }

  #commit({ steps, trial, survived, quarantined = [], released = [], at }: CommitRecord): void {
    const { trial: current } = this;
    if (current !== undefined && (survived || steps.some((step) => isTaken(step, current)))) {
      this.blamed.delete(current);
      this.trial = undefined;
    }
    if (trial !== undefined) this.trial = trial;
    for (const to of quarantined) {
      this.quarantined.set(to, { to, since: at });
      this.blamed.delete(to);
    }
    for (const to of released) this.quarantined.delete(to);
  }

  snapshot(): Pick<Checkpoint, 'began' | 'suspects' | 'trial' | 'blamed' | 'quarantined'> {
    const { began, suspects, trial, blamed, quarantined } = this;
    return {
      began,
      ...(suspects && { suspects }),
      ...(trial !== undefined && { trial }),
      ...(blamed.size > 0 && { blamed: Array.from(blamed, ([to, deaths]) => ({ to, deaths })) }),
      ...(quarantined.size > 0 && { quarantined: [...quarantined.values()] }),
    };
  }

  restore({ began, suspects, trial, blamed = [], quarantined = [] }: Checkpoint): void {
    this.began = began ?? this.began;
    this.suspects = suspects;
    this.trial = trial;
    for (const { to, deaths } of blamed) this.blamed.set(to, deaths);
    for (const quarantine of quarantined) this.quarantined.set(quarantine.to, quarantine);
  }
}

/** Whether the instance has taken an input that came to it. */
function isTaken({ to, mail, local, parked }: StepEntry, trial: Address): boolean {
  return to === trial && (mail ?? local ?? parked) !== undefined;
}
