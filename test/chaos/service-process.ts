import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Moment } from './dying-ports.js';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The samples' service in a process of its own, which ends with the test's. */
export class ServiceProcess {
  /** How it ended: a signal such as `SIGKILL`, or an exit code. */
  readonly ended: Promise<string | number>;
  /** What it wrote to its standard error. */
  errors = '';
  readonly #child: ChildProcess;
  #isRunning = true;

  /** `how`: at which write it dies, or the word that its script takes as its third argument. */
  constructor(
    url: string,
    hub: string,
    how?: { readonly write: number; readonly moment: Moment } | string,
    file: 'service.js' | 'part-service.js' | 'poison-service.js' = 'service.js',
  ) {
    const args = [url, hub, ...(typeof how === 'object' ? [String(how.write), how.moment] : how ? [how] : [])];
    this.#child = fork(script(file), args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr?.on('data', (text: Buffer) => (this.errors += text.toString()));
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#isRunning = false;
      return (signal ?? code) as string | number;
    });
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Ends it as an operator does, and says how it ended. */
  stop(): Promise<string | number> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }
}
