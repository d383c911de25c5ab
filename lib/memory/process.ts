import type { Scheduler } from './scheduler.js';

/** Something that waits to run in a process. */
interface Waiting {
  readonly run: () => void;
  readonly isTimer: boolean;
}

/** The process behind a connection: what reaches it runs now, after it was woken, or never. */
export class MemoryProcess {
  readonly #scheduler: Scheduler;
  #state: 'running' | 'frozen' | 'dead' = 'running';
  #waiting: Waiting[] = [];

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** Runs something now: a timer that fires, or what arrives from the server. */
  enter(run: () => void, isTimer = false): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'frozen') this.#waiting.push({ run, isTimer });
  }

  /** Stops it as SIGSTOP does: what it sent goes on its way, what comes to it waits. */
  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen';
  }

  /** Lets it go on: first the timers that fell due meanwhile, then what arrived, as an event loop has it. */
  wake(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    const inOrder = [...waiting.filter(({ isTimer }) => isTimer), ...waiting.filter(({ isTimer }) => !isTimer)];
    for (const { run, isTimer } of inOrder) this.#scheduler.after(0, () => this.enter(run, isTimer));
  }

  /** Nothing runs in it any more. */
  kill(): void {
    this.#state = 'dead';
    this.#waiting = [];
  }
}
