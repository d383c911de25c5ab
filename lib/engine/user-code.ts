import type { Address } from '../wire/messages.js';
import type { Clock, Logger } from './ports.js';

/** Code that keeps its process from everything else for longer than so many milliseconds is told. */
const BLOCKING = 1_000;
/** While asynchronous code is under way, it is looked so often whether anything else can run, in milliseconds. */
const BEAT = 250;
/** So many names of code are told at a time. */
const MOST = 10;

/** Code of the user, for people. */
export interface NamedCode {
  /** The instance that it runs for. */
  readonly address: Address;
  /** What it is, such as `Activity "print"`. */
  readonly code: string;
}

/**
 * Knows what code of the user runs in a process, and tells of code that keeps the process from everything else: leases are
 * lost by that. Synchronous code is measured where it is called. What runs behind an `await` is entered by nobody: while any
 * of it is under way a timer looks whether it comes late, and of what is under way then one has held it up.
 */
export class UserCode {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #running = new Set<NamedCode>();
  /** When the process was seen to do something else, while asynchronous code is under way; undefined: none is looked after. */
  #aliveAt: number | undefined;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Synchronous code, or the synchronous beginning of other code, has run; `began`: when it was called. */
  ran(named: NamedCode, began: number): void {
    const now = this.#clock.now();
    if (now - began <= BLOCKING) return;
    this.#logger.warn(`${named.code} took ${now - began} ms, in which nothing else ran`, { instance: named.address });
    if (this.#aliveAt !== undefined) this.#aliveAt = now; // it is known whose fault it is
  }

  /** Its asynchronous part begins. */
  begin(running: NamedCode): void {
    this.#running.add(running);
    if (this.#aliveAt !== undefined) return;
    this.#aliveAt = this.#clock.now();
    this.#beat();
  }

  /** It has ended. */
  end(running: NamedCode): void {
    this.#look(); // while it still counts: the last thing that it did may have been to hold up all others
    this.#running.delete(running);
  }

  /** It is under way until the promise settles. */
  follow(running: NamedCode, until: Promise<unknown>): void {
    this.begin(running);
    const end = (): void => this.end(running);
    until.then(end, end);
  }

  #beat(): void {
    this.#clock.after(BEAT, () => {
      this.#look();
      if (this.#running.size > 0) {
        this.#aliveAt = this.#clock.now();
        return this.#beat();
      }
      this.#aliveAt = undefined;
    });
  }

  #look(): void {
    const now = this.#clock.now();
    const late = now - (this.#aliveAt ?? now) - BEAT;
    if (late <= BLOCKING) return;
    this.#aliveAt = now;
    const [first, ...others] = this.#running;
    if (!first) return;
    const also = others.slice(0, MOST - 1).map(({ address, code }) => `${code} of ${address}`);
    const those = others.length === 0 ? 'it' : 'one of those';
    this.#logger.warn(
      `${first.code} was under way for at least ${late} ms in which nothing else ran: ${those} held the process up, ` +
        'unless that was stopped from outside',
      {
        instance: first.address,
        ...(also.length > 0 && { also: also.join(', ') }),
        ...(others.length > also.length && { more: others.length - also.length }),
      },
    );
  }
}
