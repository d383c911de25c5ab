import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const preload = fileURLToPath(new URL('../servers/supervised.js', import.meta.url));

/** How long a service has to stop in good order, in milliseconds. */
const PATIENCE = 10_000;

/** How a service is run. */
export interface ServiceProcessOptions {
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  /** Options of Node.js, such as `--inspect`. */
  readonly nodeOptions: readonly string[];
  /** Receives how it ended by itself. */
  readonly onEnded: (how: string) => void;
}

/** The process of a service: in a group of its own, so that Ctrl-C reaches only who runs it. It stops when that is gone. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isStopping = false;

  constructor({ script, env, nodeOptions, onEnded }: ServiceProcessOptions) {
    const execArgv = ['--enable-source-maps', ...nodeOptions, '--import', preload];
    this.#child = fork(script, { env, execArgv, detached: true });
    this.#ended = once(this.#child, 'exit');
    this.#child.once('exit', (code, signal) => {
      if (!this.#isStopping) onEnded(code === 0 ? 'has ended' : `has ended with ${signal ?? `code ${code}`}`);
    });
  }

  /** Resolves when it has stopped; one that does not is ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    if (this.#child.connected) this.#child.send('stop');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
    await this.#ended;
    clearTimeout(late);
  }
}
