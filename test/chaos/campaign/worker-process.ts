import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { noCounts, type PortCounts } from './counting-ports.js';
import type { AuditPlace, Beat } from './worker.js';

const script = fileURLToPath(new URL('worker.js', import.meta.url));

/** From when to when a process stood still, of `Date.now()`. */
export type Standstill = readonly [from: number, to: number];

/** How a worker process is started. */
export interface WorkerOptions {
  readonly url: string;
  readonly hub: string;
  /** The file that its activities write to. */
  readonly ledger: string;
  /** Options of Node.js, such as a loader with a planted bug. */
  readonly execArgv?: readonly string[] | undefined;
}

/** One worker process, from its start to its end. */
export class WorkerProcess {
  readonly pid: number;
  /** How it ended: a signal or an exit code. */
  readonly ended: Promise<string | number>;
  /** Resolves when it hosts its programs; never when it ends before. */
  readonly ready: Promise<void>;
  counts: PortCounts = noCounts();
  /** What it logged as a warning or worse, and what it wrote to its standard error. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #gaps: { readonly at: number; readonly time: number; readonly gap: number }[] = [];
  #frozenAt = -Infinity;
  #isReady = false;
  #isOver = false;

  constructor({ url, hub, ledger, execArgv = [] }: WorkerOptions) {
    this.#child = fork(script, [url, hub], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, CHAOS_LEDGER: ledger },
      execArgv: [...execArgv],
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.stderr?.on('data', (text: Buffer) => void this.lines.push(text.toString()));
    let becomeReady = (): void => {};
    this.ready = new Promise((resolve) => (becomeReady = resolve));
    this.#child.on('message', (beat: Beat) => {
      if (beat.counts) this.counts = beat.counts;
      if (beat.gap !== undefined) this.#gaps.push({ at: performance.now(), time: Date.now(), gap: beat.gap });
      if (beat.line !== undefined) this.lines.push(beat.line);
      if (beat.kind !== 'ready') return;
      this.#isReady = true;
      becomeReady();
    });
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#isOver = true;
      return (signal ?? code) as string | number;
    });
  }

  /** Hosts its programs and has not ended. */
  get isUp(): boolean {
    return this.#isReady && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#isOver) return;
    if (signal === 'SIGSTOP') this.#frozenAt = performance.now();
    this.#child.kill(signal);
  }

  /** Nobody waits for it: one that is stopped hears of it when it goes on. */
  tell(place: AuditPlace): void {
    if (this.#child.connected) this.#child.send(place, () => {});
  }

  /** Whether it was stopped since a moment of `performance.now()`: then a gap says nothing of its event loop. */
  wasFrozen(since: number): boolean {
    return this.#frozenAt > since - 15_000;
  }

  /** The longest time in milliseconds that it stood still, of what it told since a moment of `performance.now()`. */
  longestGap(since: number): number {
    return Math.max(0, ...this.#gaps.filter(({ at }) => at >= since).map(({ gap }) => gap));
  }

  /** That time, from when to when it was. */
  standstill(since: number): Standstill | undefined {
    const longest = this.longestGap(since);
    const found = this.#gaps.find(({ at, gap }) => at >= since && gap === longest);
    return found && [Math.round(found.time - found.gap), found.time];
  }

  /** Whether the system says that all of it is stopped. */
  get isFrozen(): boolean {
    return isFrozen(this.pid);
  }
}

/** Whether the system says that a process is stopped. */
export function isFrozen(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
