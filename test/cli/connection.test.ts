import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { nkeys } from 'nats';
import { connectTaskHub, createTaskHub, type HubCredentials, type HubTls } from 'perdure';
import { hubPermissions } from '../../lib/nats/permissions/hub-permissions.js';
import { startBareServer, type BareServer } from '../nats/bare-server.js';
import { madeJwts } from '../nats/jwts.js';
import { temporaryFolder } from '../nats/server/fakes.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';

const PASSWORD = 'pass-0123456789';
const TOKEN = 'token-0123456789';
const user = nkeys.createUser();
const seed = new TextDecoder().decode(user.getSeed());

let open: BareServer;
test.before(async () => {
  open = await startBareServer(
    (folder) => `jetstream { store_dir: "${folder}" }
authorization { users: [ { user: ann, password: "${PASSWORD}" }, { nkey: ${user.getPublicKey()} } ] }`,
  );
  const hub = await connectTaskHub({
    name: 'shop',
    servers: open.address,
    partitions: 1,
    credentials: { nkeySeed: seed },
  });
  await hub.close();
});
test.after.always(() => open?.stop());

/** `perdure inspect shop`, which must not have said a secret. */
async function inspect(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return withoutSecrets(t, await perdureHere(['inspect', 'shop', ...args], env));
}

/** The same in a process of its own. */
async function inspectElsewhere(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return withoutSecrets(t, await outcome(perdure(t, ['inspect', 'shop', ...args], env)));
}

function withoutSecrets(t: ExecutionContext, told: Awaited<ReturnType<typeof outcome>>) {
  const { stdout, stderr } = told;
  for (const secret of [PASSWORD, TOKEN, seed, 'wrong-0123456789']) t.false(`${stdout}${stderr}`.includes(secret));
  return told;
}

const FOUND = { code: 0, stdout: 'partition 0: no worker owns it\n', stderr: '' };

/** A folder with contexts, as the `nats` command keeps them. */
function contexts(t: ExecutionContext, byName: Readonly<Record<string, object | string>>): NodeJS.ProcessEnv {
  const home = temporaryFolder(t);
  const folder = join(home, 'nats', 'context');
  mkdirSync(folder, { recursive: true });
  for (const [name, context] of Object.entries(byName))
    writeFileSync(join(folder, `${name}.json`), typeof context === 'string' ? context : JSON.stringify(context));
  return { XDG_CONFIG_HOME: home };
}

test('a user with a password, from options, the environment or an address', async (t) => {
  t.deepEqual(await inspectElsewhere(t, ['-s', open.address, '--user', 'ann', '--password', PASSWORD]), FOUND);
  const env = { NATS_URL: open.address, NATS_USER: 'ann', NATS_PASSWORD: PASSWORD };
  t.deepEqual(await inspectElsewhere(t, [], env), FOUND);
  t.deepEqual(await inspect(t, ['--server', `nats://ann:${PASSWORD}@${open.address}`]), FOUND);
  const wrong = await inspect(t, [], { ...env, NATS_PASSWORD: 'wrong-0123456789' });
  t.deepEqual([wrong.code, wrong.stdout], [1, '']);
  t.regex(wrong.stderr, /^PERDURE_AUTH_FAILED: The NATS server at \S+ refused the given credentials/);
  const nobody = await inspect(t, ['--server', open.address, '--json']);
  t.is(nobody.code, 1);
  t.regex(nobody.stderr, /^\{"error":\{"code":"PERDURE_AUTH_FAILED","message":".*a connection without credentials/);
});

test('an nkey from a file; what is said on the command line replaces who logs in by the environment', async (t) => {
  const file = join(temporaryFolder(t), 'user.nk');
  writeFileSync(file, `${seed}\n`);
  const env = { NATS_URL: open.address, NATS_USER: 'ann', NATS_PASSWORD: 'wrong-0123456789' };
  t.deepEqual(await inspect(t, ['--nkey', file], env), FOUND);
  writeFileSync(file, seed.slice(0, -1));
  const none = await inspect(t, ['--nkey', file], env);
  t.regex(none.stderr, /^PERDURE_CONFIG: credentials\.nkeySeed: /);
  t.regex(
    (await inspect(t, ['--creds', '/nowhere/my.creds'], env)).stderr,
    /^PERDURE_CONFIG: --creds: .* cannot be read/,
  );
  t.regex(
    (await inspect(t, ['--token', TOKEN, '--user', 'ann'], env)).stderr,
    /^PERDURE_CONFIG: credentials: give one of/,
  );
});

test('a credentials file with a JWT, from an option, the environment or a context', async (t) => {
  const jwts = madeJwts(hubPermissions('shop', 1));
  const server = await startBareServer((folder) => `jetstream { store_dir: "${folder}" }\n${jwts.configuration}`);
  t.teardown(() => server.stop());
  await createTaskHub({
    name: 'shop',
    servers: server.address,
    partitions: 1,
    credentials: { creds: jwts.creds('admin') },
  });
  const file = join(temporaryFolder(t), 'client.creds');
  const text = jwts.creds('client');
  writeFileSync(file, text);
  const at = ['-s', server.address];
  t.deepEqual(await inspect(t, [...at, '--creds', file]), FOUND);
  t.deepEqual(await inspect(t, [], { NATS_URL: server.address, NATS_CREDS: file }), FOUND);
  const env = contexts(t, { client: { url: server.address, creds: file } });
  t.deepEqual(await inspect(t, ['--context', 'client'], env), FOUND);
  writeFileSync(file, madeJwts(hubPermissions('shop', 1)).creds('client')); // of another operator
  const foreign = await inspect(t, [...at, '--creds', file]);
  t.is(foreign.code, 1);
  t.regex(foreign.stderr, /^PERDURE_AUTH_FAILED: /);
  writeFileSync(file, text.slice(0, 100));
  const cut = await inspect(t, [...at, '--creds', file]);
  t.regex(cut.stderr, /^PERDURE_CONFIG: credentials\.creds: /);
  t.false(`${foreign.stderr}${cut.stderr}`.includes(text.slice(60, 90)), 'nothing of the file is told');
});

test('contexts of the nats command', async (t) => {
  const env = contexts(t, {
    ann: { url: `nats://${open.address}`, user: 'ann', password: PASSWORD },
    wrong: { url: `nats://${open.address}`, user: 'ann', password: 'wrong-0123456789' },
    domain: { url: open.address, jetstream_domain: 'edge' },
    garbage: `{"password":"${PASSWORD}`,
  });
  t.deepEqual(await inspect(t, ['--context', 'ann'], env), FOUND);
  t.deepEqual(await inspect(t, [], { ...env, NATS_CONTEXT: 'ann' }), FOUND);
  const replaced = await inspect(t, ['--context', 'wrong', '--user', 'ann', '--password', PASSWORD], env);
  t.deepEqual(replaced, FOUND);
  for (const [name, text] of [
    ['none', 'there is no context none'],
    ['domain', 'says jetstream_domain, which Perdure does not know'],
    ['garbage', 'is no JSON object'],
    ['../ann', 'letters, digits'],
  ] as const) {
    const { code, stderr } = await inspect(t, ['--context', name], env);
    t.is(code, 1);
    t.true(stderr.startsWith('PERDURE_CONFIG: context: ') && stderr.includes(text), stderr);
  }
});

test('a misspelt option is told without its value', async (t) => {
  const { code, stderr } = await inspect(t, [`--pasword=${PASSWORD}`]);
  t.is(code, 2);
  t.true(stderr.includes("unknown option '--pasword=...'"), stderr);
});

test('a token over TLS with certificates on both sides, from files', async (t) => {
  const folder = temporaryFolder(t);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '2');
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost');
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
      '-out', `${name}.pem`, '-extfile', 'names'); // prettier-ignore
  }
  const file = (name: string): string => join(folder, name);
  const server = await startBareServer(
    (store) => `jetstream { store_dir: "${store}" }
authorization { token: "${TOKEN}" }
tls { cert_file: "${file('server.pem')}", key_file: "${file('server.key')}", ca_file: "${file('ca.pem')}", verify: true }`,
  );
  t.teardown(() => server.stop());
  const address = server.address.replace(/^.*127\.0\.0\.1/, 'localhost'); // certificates are compared with names
  const [tlsca, tlscert, tlskey] = [file('ca.pem'), file('client.pem'), file('client.key')];
  const text = (name: string): string => execFileSync('cat', [name], { encoding: 'utf8' });
  const tls: HubTls = { ca: text(tlsca), cert: text(tlscert), key: text(tlskey) };
  const credentials: HubCredentials = { token: TOKEN };
  const hub = await connectTaskHub({ name: 'shop', servers: address, partitions: 1, credentials, tls });
  await hub.close();
  const trust = ['--server', `tls://${address}`, '--tlsca', tlsca];
  const own = ['--tlscert', tlscert, '--tlskey', tlskey];
  t.deepEqual(await inspect(t, [...trust, ...own, '--token', TOKEN]), FOUND);
  const env = { NATS_URL: address, NATS_CA: tlsca, NATS_CERT: tlscert, NATS_KEY: tlskey, NATS_TOKEN: TOKEN };
  t.deepEqual(await inspect(t, [], env), FOUND);
  const half = await inspect(t, [...trust, '--tlscert', tlscert, '--token', TOKEN]);
  t.regex(half.stderr, /^PERDURE_CONFIG: tls: cert and key go together/);
  const untrusted = await inspect(t, ['--server', address, ...own, '--token', TOKEN, '--timeout', '2s']);
  t.is(untrusted.code, 1);
  t.regex(
    untrusted.stderr,
    /^PERDURE_CONFIG: tls: the certificate of localhost:\d+ is not trusted, or it does not trust the given one: unable to verify the first certificate/,
  );
  const without = await inspect(t, [...trust, '--token', TOKEN, '--timeout', '2s']);
  t.is(without.code, 4, without.stderr);

  const first = await startBareServer(
    (store) => `jetstream { store_dir: "${store}" }
authorization { token: "${TOKEN}" }
tls { cert_file: "${file('server.pem')}", key_file: "${file('server.key')}", handshake_first: true }`,
  );
  t.teardown(() => first.stop());
  const firstAddress = first.address.replace(/^.*127\.0\.0\.1/, 'localhost');
  await (
    await connectTaskHub({
      name: 'shop',
      servers: firstAddress,
      partitions: 1,
      credentials,
      tls: { ca: tls.ca, handshakeFirst: true },
    })
  ).close();
  const toFirst = ['--server', firstAddress, '--tlsca', tlsca, '--token', TOKEN];
  t.deepEqual(await inspect(t, [...toFirst, '--tlsfirst']), FOUND);
  const waiting = await inspect(t, [...toFirst, '--timeout', '2s']);
  t.is(waiting.code, 4, waiting.stderr);
});
