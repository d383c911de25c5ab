import test from 'ava';
import { createUser } from 'nkeys.js';
import { createTaskHub } from 'perdure';
import { hubPermissions } from '../../lib/nats/permissions/hub-permissions.js';
import { serverConfiguration, userEntry } from '../../lib/nats/permissions/server-configuration.js';
import { startTestServer } from '../servers.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';

/** What the configuration does on a server is in test/nats/roles.test.ts. */

test('hub permissions prints a configuration for the server, of a role or of all, without a server', async (t) => {
  const key = createUser().getPublicKey();
  const permissions = (...args: string[]) => perdureHere(['hub', 'permissions', 'bank', '--partitions', '4', ...args]);
  const [all, one, keyed, json, sameJson] = await Promise.all([
    permissions(),
    permissions('--role', 'client'),
    permissions('--user-nkey', `worker=${key}`),
    permissions('--format', 'json', '--role', 'gateway'),
    permissions('--json', '--role', 'gateway'),
  ]);
  const expected = hubPermissions('bank', 4);
  t.deepEqual(all, { code: 0, stdout: serverConfiguration(expected), stderr: '' });
  t.is(one.stdout, `${userEntry(expected, 'client')}\n`);
  t.true(keyed.stdout.includes(`nkey: "${key}"`));
  t.false(keyed.stdout.includes('WORKER_PASSWORD'));
  t.true(keyed.stdout.includes('password: $PD_BANK_CLIENT_PASSWORD'));
  t.deepEqual(sameJson, json);
  const { roles, ...rest } = JSON.parse(json.stdout) as typeof expected;
  t.deepEqual(roles, { gateway: expected.roles.gateway } as never);
  t.like(rest, { hub: 'bank', partitions: 4, clientAccount: 'PD-bank.clients' });
});

test('hub permissions asks the task hub how many partitions it has', async (t) => {
  const server = await startTestServer();
  t.teardown(() => server.stop());
  await createTaskHub({ name: 'shop', servers: server.url, partitions: 3 });
  const { stdout } = await outcome(perdure(t, ['hub', 'permissions', 'shop', '-s', server.url]));
  t.is(stdout, serverConfiguration(hubPermissions('shop', 3)));
});

test('hub permissions refuses what is no role, key, hub or number, and says so', async (t) => {
  const seed = new TextDecoder().decode(createUser().getSeed());
  const wrong = [
    [['--role', 'boss'], 2, /client, worker, gateway, admin/],
    [['--user-nkey', `worker=${seed}`], 2, /public key of a user, which begins with U/],
    [['--partitions', '0'], 2, /from 1 to 1024/],
  ] as const;
  for (const [args, code, text] of wrong) {
    const run = await perdureHere(['hub', 'permissions', 'bank', ...args]);
    t.is(run.code, code);
    t.regex(run.stderr, text);
    t.is(run.stdout, '');
    t.false(run.stderr.includes(seed), 'a seed is a secret');
  }
  const named = await perdureHere(['hub', 'permissions', 'a.b', '--partitions', '1']);
  t.is(named.code, 1);
  t.regex(named.stderr, /Invalid task hub name/);
});
