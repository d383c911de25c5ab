import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerUnavailableError } from '../../errors.js';
import { isRunning, signal, type ProcessIdentity } from './process-identity.js';
import { askServerInfo } from './server-info.js';
import { launchServer, type LaunchedServer } from './server-launcher.js';

/** How one nats-server process is to run. */
export interface ServerProcessOptions {
  readonly binary: string;
  /** Holds the store, the configuration, the log and the file with the ports. */
  readonly folder: string;
  /** The client port; 0 for a free one. */
  readonly port: number;
  /** Whether every message is on the disk before it is acknowledged. */
  readonly syncAlways: boolean;
  /** Called with every process that will use the store, before it can touch it. */
  readonly onProcesses: (processes: readonly ProcessIdentity[]) => Promise<void>;
}

/** Where a running server is reached, and which one it is. */
export interface ServerAddress {
  readonly url: string;
  readonly monitorUrl: string;
  readonly pid: number;
  readonly serverId: string;
}

/** A running nats-server. */
export interface ServerProcess {
  readonly address: ServerAddress;
  /** Settles when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Stops the server and waits until it is down. */
  stop(): Promise<void>;
}

const readyWithinMilliseconds = 60_000;

/** Starts a server and waits until it serves JetStream; throws {@link ServerUnavailableError} with its last words. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { folder } = options;
  // A killed server leaves its file; a later one may have its process number.
  for (const file of await portsFiles(folder)) await rm(file, { force: true });
  const configuration = join(folder, 'nats-server.conf');
  await writeFile(configuration, configurationOf(options));
  const launched = await launchServer({
    command: [options.binary, '-c', configuration],
    log: logFile(folder),
    onProcesses: options.onProcesses,
  });
  const stop = async () => {
    launched.stop();
    await untilEnded(launched.processes);
  };
  try {
    const address = await untilReady(folder, launched);
    launched.unref();
    return { address, ended: launched.ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until none of the processes runs; those that still do after 10 s are killed. */
export async function untilEnded(processes: readonly ProcessIdentity[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (processes.some(isRunning)) {
    if (performance.now() > deadline) for (const one of processes) signal(one, 'SIGKILL');
    await delay(5);
  }
}

function configurationOf({ folder, port, syncAlways }: ServerProcessOptions): string {
  const text = JSON.stringify;
  return `# Written by Perdure at every start.
listen: ${text(`127.0.0.1:${port === 0 ? -1 : port}`)}
http: "127.0.0.1:-1"
ports_file_dir: ${text(folder)}
log_file: ${text(logFile(folder))}
logfile_size_limit: 4194304
logfile_max_num: 2
jetstream { store_dir: ${text(folder)}${syncAlways ? ', sync_interval: always' : ''} }
`;
}

async function untilReady(folder: string, launched: LaunchedServer): Promise<ServerAddress> {
  const deadline = performance.now() + readyWithinMilliseconds;
  let running = true;
  void launched.ended.then(() => (running = false));
  while (running && performance.now() < deadline) {
    const address = await addressOf(folder, launched.pid);
    if (address !== undefined) return address;
    await delay(5);
  }
  const what = running ? `was not ready within ${readyWithinMilliseconds / 1000} s` : 'ended while it started';
  throw new ServerUnavailableError(
    `nats-server ${what}. ${await lastWords(folder, launched.pid)}The log is ${logFile(folder)}.`,
  );
}

/** The address once the server serves JetStream: it writes the file with its ports when it has bound them. */
async function addressOf(folder: string, pid: number): Promise<ServerAddress | undefined> {
  const file = (await portsFiles(folder)).find((name) => name.endsWith(`_${pid}.ports`));
  const [url, monitorUrl] = file === undefined ? [] : addressesIn(await readFile(file, 'utf8'));
  if (url === undefined || monitorUrl === undefined) return undefined;
  const info = await askServerInfo(url);
  return info?.jetstream === true ? { url, monitorUrl, pid, serverId: info.server_id } : undefined;
}

function addressesIn(portsFile: string): [string?, string?] {
  try {
    const ports = JSON.parse(portsFile) as { nats?: [string]; monitoring?: [string] };
    return [ports.nats?.[0], ports.monitoring?.[0]] as [string?, string?];
  } catch {
    // It is being written: look again.
    return [];
  }
}

async function portsFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).flatMap((name) => (name.endsWith('.ports') ? [join(folder, name)] : []));
}

/** The file in the data folder that the server logs to. */
function logFile(folder: string): string {
  return join(folder, 'nats-server.log');
}

/** The last error in the log that comes from this server, or from one that could not even begin to log. */
async function lastWords(folder: string, pid: number): Promise<string> {
  const lines = (await readFile(logFile(folder), { encoding: 'utf8', flag: 'a+' })).trimEnd().split('\n');
  const line = lines.findLast((text) => /\[(FTL|ERR)\]/.test(text) && text.startsWith(`[${pid}]`)) ?? lines.at(-1);
  return line ? `It said: ${line.replace(/^.*\[(FTL|ERR)\] /, '')}. ` : '';
}
