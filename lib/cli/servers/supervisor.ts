import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The pause before a process that failed is started again, in milliseconds: each time twice the one before. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;
/** A process that ran for so many milliseconds is sound: the next pause is the first one again. */
const SOUND = 10_000;
/** A script that fails so often in a row without ever being sound is not started again. */
const MOST_FAILURES = 5;

/** Of each process, unless NODE_OPTIONS says otherwise: else garbage grows with the machine's memory. In MiB. */
const HEAP = 1_024;

const preload = fileURLToPath(new URL('supervised.js', import.meta.url));

/** What the supervisor runs. */
export interface Supervised {
  readonly script: string;
  readonly args: readonly string[];
  readonly processes: number;
  /** Receives a line when a process is started again, or given up. */
  readonly onNews: (line: string) => void;
}

/**
 * Keeps a script running in several processes: one that fails is started again, others go on meanwhile. Each is in a process
 * group of its own, so that Ctrl-C reaches the supervisor alone, and stops when the supervisor is gone.
 */
export class Supervisor {
  readonly #supervised: Supervised;
  readonly #running = new Map<number, ChildProcess>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #left: number;
  #failure: string | undefined;
  #isStopping = false;
  #end!: (failure: string | undefined) => void;
  /** Resolves when no process runs any more and none will: with why, if the script fails at once. */
  readonly ended: Promise<string | undefined>;

  constructor(supervised: Supervised) {
    this.#supervised = supervised;
    this.#left = supervised.processes;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    for (let slot = 0; slot < supervised.processes; slot++) this.#start(slot, 0);
  }

  /** Tells all processes to stop in good order, or ends them at once. */
  stop(how: 'gracefully' | 'at once'): void {
    this.#isStopping = true;
    for (const child of this.#running.values()) {
      if (how === 'at once') child.kill('SIGKILL');
      else if (child.connected) child.send('stop');
    }
    for (const pause of this.#pauses) {
      clearTimeout(pause);
      this.#over();
    }
    this.#pauses.clear();
  }

  #start(slot: number, failures: number): void {
    const { script, args } = this.#supervised;
    const child = fork(script, args, { detached: true, execArgv: [...execArgv(), '--import', preload] });
    const began = performance.now();
    this.#running.set(slot, child);
    let isOver = false;
    const over = (how: string | undefined): void => {
      if (isOver) return;
      isOver = true;
      this.#running.delete(slot);
      this.#ended(slot, how, performance.now() - began > SOUND ? 0 : failures);
    };
    child.on('error', (error) => {
      if (child.pid === undefined) over(`could not be started: ${error.message}`); // else its exit tells
    });
    child.once('exit', (code, signal) => over(code === 0 ? undefined : `ended with ${signal ?? `code ${code}`}`));
  }

  #ended(slot: number, how: string | undefined, failures: number): void {
    if (how === undefined || this.#isStopping) return this.#over();
    if (failures + 1 >= MOST_FAILURES) {
      this.#failure ??= `Process ${slot + 1} ${how}, ${MOST_FAILURES} times in a row`;
      this.stop('gracefully');
      return this.#over();
    }
    const wait = Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE);
    this.#supervised.onNews(`Process ${slot + 1} ${how}; it is started again in ${wait} ms.`);
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#start(slot, failures + 1);
    }, wait);
    this.#pauses.add(pause);
  }

  #over(): void {
    if (--this.#left === 0) this.#end(this.#failure);
  }
}

function execArgv(): readonly string[] {
  const isLimited = /--max[-_]old[-_]space[-_]size/.test([process.env['NODE_OPTIONS'], ...process.execArgv].join(' '));
  return isLimited ? process.execArgv : [...process.execArgv, `--max-old-space-size=${HEAP}`];
}
