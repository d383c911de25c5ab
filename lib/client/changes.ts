import { ClosedError } from '../errors.js';
import type { Address } from '../wire/messages.js';
import type { ClientSession } from './client-session.js';
import type { Wait } from './waits.js';

/** A change may be told while nobody hears it, and an owner forgets who watches: so it is asked again, in milliseconds. */
const RECHECK = 5_000;
/** The same while nobody owns what is watched. */
const RECHECK_VIEW = 500;

/** Hears that an instance has changed. How it stands now has to be read: what is told may be lost, late, or told twice. */
export class Changes {
  readonly #session: ClientSession;
  readonly #stop: () => void;
  #isNew = false;
  #wake: () => void = () => {};

  constructor(session: ClientSession, address: Address) {
    this.#session = session;
    this.#stop = session.inbox.onChanged(address, () => {
      this.#isNew = true;
      this.#wake();
    });
  }

  /** What is told from here on is new: called before each look, so that no change falls between. */
  look(): void {
    this.#isNew = false;
  }

  /** Resolves when something is new since the last look, or may be; within the time of `wait`. */
  async next(isOwned: boolean, wait: Wait<unknown>): Promise<void> {
    if (this.#isNew || wait.isOver) return;
    const late = (): Error => new ClosedError('A wait without limit has ended.');
    await this.#session.waits.within<void>({}, late, async (told) => {
      const forget = wait.onEnd(() => told.succeed());
      told.onEnd(forget);
      this.#wake = () => told.succeed();
      await told.pause(isOwned ? RECHECK : RECHECK_VIEW);
      told.succeed();
    });
  }

  close(): void {
    this.#stop();
  }
}
