import type { Clock } from './ports.js';
import type { MailLimits } from './mail-limits.js';
import type { Mark } from './waiting.js';

const nothing: Mark = { mail: 0, counter: 0 };
/** Milestones of mail are kept for so many equal parts of the bytes that may come later. */
const PARTS = 4;

/** Tells which inputs have waited too long: by time, and by the mail that came later (P4). */
export class Overdue {
  readonly #limits: MailLimits;
  /** What had come at the last two beats, the older first. */
  #marks: readonly [Mark, Mark] = [nothing, nothing];
  /** Sequences of mail, the last one before each part of the bytes taken. */
  #milestones: number[] = [];
  #bytes = 0;
  #last = 0;
  #cancel: (() => void) | undefined;

  constructor(limits: MailLimits) {
    this.#limits = limits;
  }

  /** Mail was taken. */
  took(sequence: number, bytes: number): void {
    this.#last = sequence;
    this.#bytes += bytes;
    if (PARTS * this.#bytes < this.#limits.laterBytes) return;
    this.#bytes = 0;
    this.#milestones.push(sequence);
    if (this.#milestones.length > PARTS + 1) this.#milestones.shift();
  }

  /** Mail up to here has had too much behind it. */
  get far(): number {
    const milestone = this.#milestones.length > PARTS ? this.#milestones[0]! : 0;
    return Math.max(0, milestone, this.#last - this.#limits.sequences);
  }

  /** Tells every half of the age what has waited for at least the age. `now` is asked what has come. */
  watch(clock: Clock, now: () => Mark, tell: (mark: Mark) => void): void {
    this.#cancel = clock.after(this.#limits.age / 2, () => {
      const [older, newer] = this.#marks;
      this.#marks = [newer, now()];
      this.watch(clock, now, tell);
      tell(older);
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
