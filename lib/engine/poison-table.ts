import type { Checkpoint } from '../wire/checkpoint.js';
import type { Address } from '../wire/messages.js';
import type { Beginning, Blame, EpochBeginning, Quarantine } from '../wire/quarantine.js';
import type { CommitRecord, EpochRecord, LogRecord, StepEntry } from '../wire/record.js';

/** An owner that has lived for so many milliseconds died of something else than those before it. */
const STEADY = 60_000;

/** What a partition durably knows of inputs that kill whoever takes them. Changed by records only, as all tables. */
export class PoisonTable {
  /** What was waiting when this epoch began. */
  began: EpochBeginning = { mail: 0, counter: 0, at: 0, deaths: 0 };
  /** What had waited for all of the epoch before, whose owner died; undefined: nothing is suspect. */
  suspects: Beginning | undefined;
  /** The instance that is about to take a suspect input. */
  trial: Address | undefined;
  /** The instance that was about to when the owner before died, and so many before that one. */
  blamed: Blame | undefined;
  readonly quarantined = new Map<Address, Quarantine>();

  /** `counter`: of the last commit record before it. */
  apply(record: LogRecord, counter: number): void {
    if (record.type === 'epoch') this.#begin(record, counter);
    else this.#commit(record);
  }

  #begin({ mail = 0, unclean, at }: EpochRecord, counter: number): void {
    const { began } = this;
    this.suspects = unclean ? { mail: began.mail, counter: began.counter } : undefined;
    const former = this.blamed?.to === this.trial ? (this.blamed?.deaths ?? 0) : 0;
    this.blamed = unclean && this.trial !== undefined ? { to: this.trial, deaths: former + 1 } : undefined;
    this.trial = undefined;
    const before = at - began.at < STEADY ? began.deaths : 0;
    this.began = { mail, counter, at, deaths: unclean ? before + 1 : 0 };
  }

  #commit({ steps, trial, survived, quarantined = [], released = [], at }: CommitRecord): void {
    if (this.trial !== undefined && (survived || steps.some((step) => isTaken(step, this.trial!))))
      this.trial = undefined;
    if (trial !== undefined) this.trial = trial;
    for (const to of quarantined) {
      this.quarantined.set(to, { to, since: at });
      if (this.blamed?.to === to) this.blamed = undefined;
    }
    for (const to of released) this.quarantined.delete(to);
  }

  snapshot(): Pick<Checkpoint, 'began' | 'suspects' | 'trial' | 'blamed' | 'quarantined'> {
    const { began, suspects, trial, blamed, quarantined } = this;
    return {
      began,
      ...(suspects && { suspects }),
      ...(trial !== undefined && { trial }),
      ...(blamed && { blamed }),
      ...(quarantined.size > 0 && { quarantined: [...quarantined.values()] }),
    };
  }

  restore({ began, suspects, trial, blamed, quarantined = [] }: Checkpoint): void {
    this.began = began ?? this.began;
    this.suspects = suspects;
    this.trial = trial;
    this.blamed = blamed;
    for (const quarantine of quarantined) this.quarantined.set(quarantine.to, quarantine);
  }
}

/** Whether the instance has taken an input that came to it. */
function isTaken({ to, mail, local, parked }: StepEntry, trial: Address): boolean {
  return to === trial && (mail ?? local ?? parked) !== undefined;
}
