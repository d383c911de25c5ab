import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { identityOf, signal, type ProcessIdentity } from './process-identity.js';

// The shell stands between the two processes so that the server never outlives us, whatever ends us: our end of its
// standard input closes, `cat` ends, the server is told to stop. It waits for a first line, so that it is on record
// before the store is touched. The server alone keeps the standard output: its end is the server's end.
const script = `read go || exit 0
log=$1; shift
"$@" </dev/null 2>>"$log" & p=$!
echo $p
exec >/dev/null 2>&1
cat
kill -TERM $p
wait $p`;

/** A nats-server, the launcher that ties its life to ours, and the line between us. */
export interface LaunchedServer {
  readonly processes: readonly ProcessIdentity[];
  readonly pid: number;
  /** Settles when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Tells the server to stop; it may take a moment. */
  stop(): void;
  /** From now on the server does not keep this process alive. */
  unref(): void;
}

/** What to run, and whom to tell before it can do anything. */
export interface Launch {
  readonly command: readonly [string, ...string[]];
  /** Receives what the server writes on its standard error. */
  readonly log: string;
  /** Called with all processes known so far, before the server starts and when its own number is known. */
  readonly onProcesses: (processes: readonly ProcessIdentity[]) => Promise<void>;
}

/** Starts a server that ends when this process does, also when it is killed. */
export function launchServer(launch: Launch): Promise<LaunchedServer> {
  return process.platform === 'win32' ? launchDirectly(launch) : launchByShell(launch);
}

async function launchByShell({ command, log, onProcesses }: Launch): Promise<LaunchedServer> {
  // In a session of its own: Ctrl-C in a terminal is for the program, which stops the server when it is done with it.
  const child = spawn('/bin/sh', ['-c', script, 'perdure', log, ...command], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  // A launcher that is gone takes no line: its end shows on the standard output.
  child.stdin.on('error', () => child.stdout.destroy());
  const processes = known(await spawned(child));
  const pid = await go(child, processes, onProcesses).catch((error: unknown) => {
    child.stdin.end();
    throw error;
  });
  // A launcher that was killed ties nothing any more: its server ends with it, and is started again under another.
  child.once('exit', () => tellToStop(processes));
  return {
    processes,
    pid,
    ended: endOf(child.stdout),
    stop: () => child.stdin.end(),
    unref: () => {
      child.unref();
      for (const stream of [child.stdin, child.stdout]) unref(stream);
    },
  };
}

/** Lets the launcher start the server, between two calls of `onProcesses`; returns the server's number. */
async function go(
  child: ChildProcessByStdio<Writable, Readable, null>,
  processes: ProcessIdentity[],
  onProcesses: Launch['onProcesses'],
): Promise<number> {
  await onProcesses(processes);
  child.stdin.write('go\n');
  const pid = Number(await firstLine(child.stdout));
  processes.push(...known(pid));
  await onProcesses(processes);
  return pid;
}

/** Without a shell the server outlives a killed parent; whoever takes the data folder over ends it. */
async function launchDirectly({ command, onProcesses }: Launch): Promise<LaunchedServer> {
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
  const pid = await spawned(child);
  const processes = known(pid);
  await onProcesses(processes);
  return {
    processes,
    pid,
    ended: endOf(child.stdout),
    stop: () => child.kill(),
    unref: () => {
      child.unref();
      unref(child.stdout);
    },
  };
}

/** Asks those of the processes to stop that still run. */
export function tellToStop(processes: readonly ProcessIdentity[]): void {
  for (const one of processes) signal(one, 'SIGTERM');
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}

function known(pid: number): ProcessIdentity[] {
  const identity = pid > 0 ? identityOf(pid) : undefined;
  return identity === undefined ? [] : [identity];
}

function firstLine(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const onData = (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) finish();
    };
    const finish = () => {
      stream.off('data', onData).off('close', finish);
      resolve(text.trim());
    };
    stream.on('data', onData).on('close', finish);
    if (stream.destroyed) finish();
  });
}

function endOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    stream.once('close', resolve).resume();
  });
}

// The standard streams of a child process are sockets, which is not what their type says.
function unref(stream: Readable | Writable): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}
