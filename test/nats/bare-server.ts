import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { resolveNatsServer } from '../../lib/nats/server/resolve.js';
import { until } from '../until.js';

/** A server that `stop()` ends. */
export interface RunningServer {
  /** `host:port`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** A server under a configuration that Perdure would not choose. */
export interface BareServer extends RunningServer {
  /** Of its WebSocket listener, if it is configured to have one: `ws://host:port`. */
  readonly webSocket: string;
  /** Gives the running server other lines of configuration; resolves when it acts by them. */
  reload(configuration: (folder: string) => string): Promise<void>;
}

/**
 * Runs nats-server with some lines of configuration on a free port and a folder that `stop()` removes; `binary`: another
 * one than that which tests use.
 */
export async function startBareServer(configuration: (folder: string) => string, binary?: string): Promise<BareServer> {
  const path = binary ?? (await resolveNatsServer()).path;
  const folder = await mkdtemp(join(tmpdir(), 'perdure-bare-'));
  const file = join(folder, 'server.conf');
  const configure = (lines: typeof configuration) =>
    writeFile(file, `listen: "127.0.0.1:-1"\nports_file_dir: "${folder}"\n${lines(folder)}\n`);
  await configure(configuration);
  const child = spawn(path, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let reloads = 0;
  const said: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    said.push(line);
    if (line.includes('Reloaded server configuration')) reloads++;
  });
  const portsFile = async () => (await readdir(folder)).find((name) => name.endsWith(`_${child.pid}.ports`));
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nats-server does not start: ${said.join('\n')}`);
    return (await portsFile()) !== undefined;
  }, 'the file with the ports');
  let ports: { nats?: string[]; websocket?: string[] } = {};
  await until(async () => {
    const text = await readFile(join(folder, (await portsFile()) ?? ''), 'utf8');
    if (text.endsWith('}')) ports = JSON.parse(text) as typeof ports;
    return ports.nats !== undefined;
  }, 'the ports');
  return {
    address: ports.nats?.[0]?.replace(/^[a-z]+:[/][/]/, '') ?? '',
    webSocket: ports.websocket?.[0] ?? '',
    reload: async (lines) => {
      const before = reloads;
      await configure(lines);
      child.kill('SIGHUP');
      await until(() => reloads > before, 'the server to have read its configuration');
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Something that greets as a nats-server of another version and answers pings, and nothing else. */
export async function startFakeServer(version: string): Promise<RunningServer> {
  const info = { server_id: 'FAKE', version, max_payload: 1_048_576, headers: true, jetstream: true, proto: 1 };
  const server = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (text) => {
      if (text.includes('PING')) socket.write('PONG\r\n');
    });
    // The client hangs up without a farewell.
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
