import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

/** What a process with an embedded server says of it. */
export interface Report {
  readonly url: string;
  readonly pid: number;
  readonly owned: boolean;
  readonly folder: string;
}

/** Another process with an embedded server. */
export class Holder {
  readonly child: ChildProcess;
  readonly #reports: AsyncIterator<string>;

  constructor(t: ExecutionContext, folder?: string) {
    const script = fileURLToPath(new URL('holder.js', import.meta.url));
    const child = spawn(process.execPath, [script, ...(folder === undefined ? [] : [folder])], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child = child;
    this.#reports = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    t.teardown(() => child.kill('SIGKILL'));
  }

  async report(): Promise<Report> {
    const { value, done } = await this.#reports.next();
    if (done === true) throw new Error('The process with the embedded server has ended.');
    return JSON.parse(value) as Report;
  }

  ensure(): Promise<Report> {
    this.child.stdin?.write('ensure\n');
    return this.report();
  }

  /** Ends the process, with or without stopping its server; returns its exit code, null when a signal ended it. */
  end(how: 'stop' | 'forget' | 'SIGKILL'): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    if (how === 'SIGKILL') this.child.kill(how);
    else this.child.stdin?.end(`${how}\n`);
    return ended;
  }
}
