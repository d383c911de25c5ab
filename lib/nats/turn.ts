/** Runs something when what the socket has brought is handled; without the platform's help at least behind what runs now. */
const afterThis: (run: () => void) => void = globalThis.setImmediate ?? queueMicrotask;

/**
 * Turns of the event loop, each from what the socket brings to what leaves: at its end first those who gather what the turn
 * brings about are called, and then whoever sends it.
 */
export class Turn {
  #gatherers: (() => void)[] = [];
  #senders: (() => void)[] = [];
  #isScheduled = false;

  /** Calls at the end of this turn, or of the next one outside of any. */
  soon(gather: () => void): void {
    this.#gatherers.push(gather);
    this.#schedule();
  }

  /** Calls behind all of those. */
  last(send: () => void): void {
    this.#senders.push(send);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    afterThis(() => this.#end());
  }

  #end(): void {
    this.#isScheduled = false;
    try {
      for (let calls = this.#take(); calls.length > 0; calls = this.#take()) for (const call of calls) call();
    } finally {
      const senders = this.#senders;
      this.#senders = [];
      for (const send of senders) send();
    }
  }

  #take(): readonly (() => void)[] {
    const calls = this.#gatherers;
    if (calls.length > 0) this.#gatherers = [];
    return calls;
  }
}
