import type { LoopWait } from '../wire/inspection.js';
import type { Clock } from './ports.js';

/** Something that goes on by itself, and since when it has waited for the same thing. */
export class Loop {
  readonly #clock: Clock;
  #since: number | undefined;

  /** `of`: the instance, or whatever else it waits for now, for people. */
  constructor(
    readonly name: string,
    clock: Clock,
    readonly of: () => string | undefined = nobody,
  ) {
    this.#clock = clock;
  }

  /** Undefined: it does not wait. */
  get since(): number | undefined {
    return this.#since;
  }

  /** It waits from now on. */
  begin(now = this.#clock.now()): void {
    this.#since = now;
  }

  /** It has come on, and waits for what comes next. */
  moved(): void {
    if (this.#since !== undefined) this.#since = this.#clock.now();
  }

  /** It waits for nothing. */
  end(): void {
    this.#since = undefined;
  }
}

/**
 * All that goes on by itself in one place, such as the owner of a partition: each loop enters here when it is made, and
 * whoever watches reads nothing else.
 */
export class Loops {
  readonly #clock: Clock;
  readonly #loops = new Set<Loop>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A loop that waits again and again: what it does then costs no more than a look at the clock. */
  add(name: string, of?: () => string | undefined): Loop {
    const loop = new Loop(name, this.#clock, of);
    this.#loops.add(loop);
    return loop;
  }

  remove(loop: Loop): void {
    this.#loops.delete(loop);
  }

  /** The same promise, watched until it settles; `of`: as of a loop. */
  watch<T>(name: string, promise: Promise<T>, of?: string): Promise<T> {
    const loop = this.add(name, of === undefined ? nobody : () => of);
    loop.begin();
    const end = (): void => this.remove(loop);
    promise.then(end, end);
    return promise;
  }

  /** What waits, and since when; what has waited for longest first. */
  get waits(): readonly LoopWait[] {
    const waits: LoopWait[] = [];
    for (const { name, since, of } of this.#loops) {
      if (since === undefined) continue;
      const instance = of();
      waits.push({ name, since, ...(instance !== undefined && { instance }) });
    }
    return waits.toSorted((a, b) => a.since - b.since);
  }
}

const nobody = (): undefined => undefined;
