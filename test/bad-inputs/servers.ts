import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { connectTaskHub, createTaskHub, TaskHubClient } from 'perdure';
import { hubPermissions } from '../../lib/nats/permissions/hub-permissions.js';
import { serverConfiguration } from '../../lib/nats/permissions/server-configuration.js';
import { recordingLogger } from '../contract/harness.js';
import { startBareServer, startFakeServer, type RunningServer } from '../nats/bare-server.js';
import { createUser } from 'nkeys.js';
import type { BadInput } from './row.js';

/** Rows about what is configured, who connects, and the command line. */

const logger = recordingLogger();
const opened = (options: object) => async () => {
  const hub = await connectTaskHub({ name: 'bad', timeoutInMilliseconds: 3_000, logger, ...options });
  await hub.close();
};
const on =
  (start: () => Promise<RunningServer>, attempt: (server: RunningServer) => unknown) => async (): Promise<unknown> => {
    const server = await start();
    try {
      return await attempt(server);
    } finally {
      await server.stop();
    }
  };
const bare =
  (more = '') =>
  () =>
    startBareServer((folder) => `jetstream { store_dir: "${folder}" }\n${more}`);
const config = (text: RegExp) => ({ code: 'PERDURE_CONFIG', text }) as const;

/** A client with the rights of one writes where only owners may. */
async function writesState(): Promise<unknown> {
  const keys = { client: createUser(), worker: createUser(), gateway: createUser(), admin: createUser() };
  const seeds = (role: keyof typeof keys) => ({ nkeySeed: new TextDecoder().decode(keys[role].getSeed()) });
  const publicKeys = Object.fromEntries(Object.entries(keys).map(([role, key]) => [role, key.getPublicKey()]));
  const conf = serverConfiguration(hubPermissions('bad', 1), publicKeys);
  return on(bare(conf), async ({ address: servers }) => {
    await createTaskHub({ name: 'bad', servers, partitions: 1, credentials: seeds('admin'), logger });
    const hub = await connectTaskHub({ name: 'bad', servers, credentials: seeds('client'), logger });
    const client = new TaskHubClient(hub);
    let refusal: Error | undefined;
    const stored = await hub.ports.mailOf(0).send('pd.bad.0.s.e.a.b', new Uint8Array(), 'x', (why) => (refusal = why));
    await client.close();
    await hub.close();
    if (stored === undefined && refusal) throw refusal;
    return stored;
  })();
}

const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
const exit =
  (...args: string[]) =>
  () =>
    new Promise((resolve) => {
      execFile(process.execPath, [main, ...args], (error, _, stderr) =>
        resolve([error?.code, stderr.includes('error: ')]),
      );
    });

export const servers: readonly BadInput[] = [
  {
    row: 63,
    title: 'config: another scheme',
    attempt: opened({ servers: 'http://127.0.0.1:4222' }),
    error: config(/^servers: .*scheme/),
  },
  {
    row: 63,
    title: 'config: port 99999',
    attempt: opened({ servers: 'nats://127.0.0.1:99999' }),
    error: config(/^servers: .*port/),
  },
  {
    row: 64,
    title: 'config: no server there, and no more time',
    attempt: opened({ servers: 'nats://127.0.0.1:1', timeoutInMilliseconds: 200 }),
    error: { code: 'PERDURE_SERVER_UNAVAILABLE', text: /within 200 ms/ },
  },
  {
    row: 65,
    title: 'config: JetStream is off',
    attempt: on(
      () => startBareServer(() => ''),
      ({ address }) => opened({ servers: address })(),
    ),
    error: config(/JetStream is not enabled/),
  },
  {
    row: 66,
    title: 'config: an old server',
    attempt: on(
      () => startFakeServer('2.9.10'),
      ({ address }) => opened({ servers: address, timeoutInMilliseconds: 30_000 })(),
    ),
    error: { code: 'PERDURE_SERVER_TOO_OLD', text: /2\.9\.10.*2\.12/ },
  },
  {
    row: 67,
    title: 'config: a stream with other settings',
    attempt: on(bare(), async ({ address }) => {
      const connection = await connect({ servers: address });
      const { streams } = await connection.jetstreamManager();
      await streams.add({ name: 'PD-bad-0-mail', subjects: ['pd.bad.0.m.>'], max_age: 60_000_000_000 });
      await connection.close();
      await opened({ servers: address })();
    }),
    error: { code: 'PERDURE_STREAM_MISMATCH', text: /PD-bad-0-mail/ },
  },
  {
    row: 68,
    title: 'auth: a wrong password',
    attempt: on(bare('authorization { user: u, password: right }'), ({ address }) =>
      opened({ servers: address, credentials: { user: 'u', password: 'wrong-secret' } })(),
    ),
    error: { code: 'PERDURE_AUTH_FAILED', text: /^(?![^]*wrong-secret)[^]*refused the given credentials/ },
  },
  {
    row: 68,
    title: 'auth: nobody',
    attempt: on(bare('authorization { user: u, password: right }'), ({ address }) => opened({ servers: address })()),
    error: { code: 'PERDURE_AUTH_FAILED', text: /a connection without credentials/ },
  },
  {
    row: 69,
    title: 'auth: a client writes a head',
    attempt: writesState,
    error: { code: 'PERDURE_PERMISSION_DENIED', text: /pd\.bad\.0\.s\.e\.a\.b/ },
  },
  { row: 80, title: 'CLI: an unknown option', attempt: exit('list', 'shop', '--nonsense'), becomes: [2, true] },
  { row: 80, title: 'CLI: a value that is missing', attempt: exit('list', 'shop', '--status'), becomes: [2, true] },
];
