import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createUser } from 'nkeys.js';
import {
  connectTaskHub,
  createTaskHub,
  TaskHubClient,
  TaskHubWorker,
  type HubCredentials,
  type HubTls,
  type PerdureError,
} from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { hubPermissions, hubRoles, type HubRole } from '../../lib/nats/permissions/hub-permissions.js';
import { serverConfiguration } from '../../lib/nats/permissions/server-configuration.js';
import { recordingLogger } from '../contract/harness.js';
import { startBareServer } from './bare-server.js';
import { madeJwts } from './jwts.js';

const permissions = hubPermissions('bank', 1);
const lines: string[] = [];
const logger = recordingLogger(lines);

interface Way {
  readonly servers: string;
  readonly credentials: (role: HubRole) => HubCredentials;
  readonly tls?: HubTls | undefined;
}

/** An admin makes the hub, a worker serves it, a client is answered. */
async function worksByRoles(t: ExecutionContext, { servers, credentials, tls }: Way): Promise<void> {
  const options = (role: HubRole) => ({ name: 'bank', servers, credentials: credentials(role), tls, logger });
  await createTaskHub({ ...options('admin'), partitions: 1 });
  await using ofWorker = await connectTaskHub(options('worker'));
  await using _worker = await TaskHubWorker.start(ofWorker, { entities: [Counter] });
  await using ofClient = await connectTaskHub(options('client'));
  await using client = new TaskHubClient(ofClient);
  t.is(await client.callEntity(Counter, 'a').add({ by: 7 }), 7);
  await ofClient.ports.mailOf(0).send('pd.bank.0.l', new Uint8Array(), 'forged', (why) => {
    t.is((why as PerdureError).code, 'PERDURE_PERMISSION_DENIED');
  });
}

async function refused(t: ExecutionContext, options: object, code: string, secrets: readonly string[]): Promise<void> {
  const error = await t.throwsAsync(() =>
    connectTaskHub({ name: 'bank', timeoutInMilliseconds: 3_000, logger, ...options } as never),
  );
  t.is((error as PerdureError).code as string, code, String(error));
  for (const secret of secrets) t.false(`${error?.stack}${lines.join()}`.includes(secret), 'no secret is told');
}

async function started(t: ExecutionContext, configuration: string) {
  t.timeout(120_000);
  const server = await startBareServer((folder) => `jetstream { store_dir: "${folder}" }\n${configuration}`);
  t.teardown(() => server.stop());
  return server.address;
}

test('nkeys: each role logs in with its seed; another seed is refused', async (t) => {
  const users = new Map(hubRoles.map((role) => [role, createUser()]));
  const seedOf = (role: HubRole) => new TextDecoder().decode(users.get(role)!.getSeed());
  const keys = Object.fromEntries(hubRoles.map((role) => [role, users.get(role)!.getPublicKey()]));
  const servers = await started(t, serverConfiguration(permissions, keys));
  await worksByRoles(t, { servers, credentials: (role) => ({ nkeySeed: `${seedOf(role)}\n` }) });
  const stranger = new TextDecoder().decode(createUser().getSeed());
  await refused(t, { servers, credentials: { nkeySeed: stranger } }, 'PERDURE_AUTH_FAILED', [stranger]);
  await refused(t, { servers, credentials: { nkeySeed: 'SUX' } }, 'PERDURE_CONFIG', []);
});

test('JWTs: accounts and users of an operator, from credentials files and from their parts; one that expired is refused', async (t) => {
  const jwts = madeJwts(permissions);
  const servers = await started(t, jwts.configuration);
  const credentials = (role: HubRole): HubCredentials =>
    role === 'client' ? jwts.parts(role) : { creds: jwts.creds(role) };
  await worksByRoles(t, { servers, credentials });
  const hourAgo = Math.floor(Date.now() / 1_000) - 3_600;
  const foreign = madeJwts(permissions);
  for (const creds of [jwts.creds('client', hourAgo), foreign.creds('client')])
    await refused(t, { servers, credentials: { creds } }, 'PERDURE_AUTH_FAILED', [/SU[A-Z2-7]{56}/.exec(creds)![0]]);
  await refused(t, { servers, credentials: { creds: 'no such file' } }, 'PERDURE_CONFIG', ['no such file']);
});

/** An authority, and certificates of a server and a client that it has signed, as PEM texts; and another authority. */
async function certificates(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-tls-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const name of ['ca', 'other'])
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-subj',
      `/CN=${name}`,
      '-days',
      '2',
    );
  await writeFile(join(folder, 'ext'), 'subjectAltName=IP:127.0.0.1\n');
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext'];
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signer);
  }
  const file = (name: string) => join(folder, name);
  const text = (name: string) => readFile(file(name), 'utf8');
  return {
    file,
    ca: await text('ca.pem'),
    other: await text('other.pem'),
    cert: await text('client.pem'),
    key: await text('client.key'),
  };
}

for (const handshakeFirst of [false, true])
  test(`TLS with certificates on both sides${handshakeFirst ? ', from the first byte' : ''}: who lacks one, or trusts another authority, is told`, async (t) => {
    const { file, ca, other, cert, key } = await certificates(t);
    const jwts = madeJwts(permissions);
    const tlsOf = (more: string) =>
      `tls { cert_file: "${file('server.pem')}", key_file: "${file('server.key')}", ca_file: "${file('ca.pem')}", ${more} }`;
    const first = handshakeFirst ? ', handshake_first: true' : '';
    const servers = `tls://${await started(t, `${jwts.configuration}\n${tlsOf(`verify: true${first}`)}`)}`;
    const credentials = (role: HubRole): HubCredentials => ({ creds: jwts.creds(role) });
    await worksByRoles(t, { servers, credentials, tls: { ca, cert, key, handshakeFirst } });

    const as = { servers, credentials: credentials('client') };
    await refused(t, { ...as, tls: { ca: other, cert, key, handshakeFirst } }, 'PERDURE_CONFIG', [key]);
    // Without a first byte of TLS the client library only sees that the connection ends.
    const unseen = handshakeFirst ? 'PERDURE_CONFIG' : 'PERDURE_SERVER_UNAVAILABLE';
    await refused(t, { ...as, tls: { ca, handshakeFirst } }, unseen, [key]);
    await refused(t, { ...as, tls: { ca, cert, handshakeFirst } }, 'PERDURE_CONFIG', [key]);
  });
