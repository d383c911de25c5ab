import { startEmbeddedServer, type EmbeddedServer } from '../lib/nats/server/embedded-server.js';
import { until } from './until.js';

/** A nats-server for one test file, on a temporary folder that is removed by `stop()`. */
export interface TestServer {
  readonly url: string;
  readonly monitorUrl: string;
  /** The process number of nats-server itself. */
  readonly pid: number;
  /** Kills the server with -9 and waits until it serves again, as another process on the same store and port. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a nats-server with JetStream for tests. */
export async function startTestServer(): Promise<TestServer> {
  return testServerOn(await startEmbeddedServer({ temporary: true, onProgress: onlyFetches }));
}

function testServerOn(server: EmbeddedServer): TestServer {
  const pid = () => {
    if (server.pid === undefined) throw new Error('The test server is down.');
    return server.pid;
  };
  return {
    url: server.url,
    monitorUrl: server.monitorUrl,
    get pid() {
      return pid();
    },
    killAndRestart: async () => {
      const killed = pid();
      process.kill(killed, 'SIGKILL');
      await until(() => server.pid !== undefined && server.pid !== killed, 'the server to be started again');
    },
    stop: () => server.stop(),
  };
}

function onlyFetches(line: string): void {
  if (line.startsWith('Fetching')) process.stderr.write(`${line}\n`);
}
