import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from './system-error.js';

/**
 * One process, told apart from a later one with the same number by when it started.
 * `started` is compared for equality only; it is absent where the system does not tell.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started?: string;
  /** Where the number means something: this boot of the machine and this table of processes, of which a container has its own. */
  readonly where?: string;
}

/** Who the process `pid` is, or undefined when it does not run (a zombie has ended: it holds no file and no socket). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  if (!exists(pid)) return undefined;
  if (process.platform === 'win32') return { pid };
  const started = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return started === undefined ? undefined : { pid, started, ...where() };
}

/** Whether this process can tell if the other one runs: numbers of another container or boot say nothing here. */
export function isNear(one: ProcessIdentity): boolean {
  return one.where === undefined || one.where === where().where;
}

/** This process, looked at once. */
let own: ProcessIdentity | undefined;

/** Whether exactly this process still runs. */
export function isRunning(one: ProcessIdentity): boolean {
  const now = one.pid === process.pid ? (own ??= identityOf(one.pid)) : identityOf(one.pid);
  return now !== undefined && now.started === one.started;
}

/** Sends a signal to exactly this process; does nothing when it has ended. */
export function signal(target: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isRunning(target)) return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs under another user.
    return codeOf(error) === 'EPERM';
  }
}

function startOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : `${bootId()}/${fields[18]}`;
}

// Linux counts the start from the boot: after another boot the same number may mean another process.
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

let here: { readonly where?: string } | undefined;

function where(): { readonly where?: string } {
  here ??= process.platform === 'linux' ? { where: `${bootId()} ${readlinkSync('/proc/self/ns/pid')}` } : {};
  return here;
}

function startByPs(pid: number): string | undefined {
  try {
    // A fixed locale and time zone, so that two processes with different settings read the same text.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const line = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env,
    }).trim();
    const [state = '', ...started] = line.split(/\s+/);
    return line === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch (error) {
    // ps ends with status 1 when there is no such process.
    if (typeof error === 'object' && error !== null && 'status' in error && error.status === 1) return undefined;
    throw error;
  }
}
