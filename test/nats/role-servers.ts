import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { connect, type NatsConnection } from 'nats';
import { connectTaskHub, createTaskHub, type TaskHub } from 'perdure';
import { hubPermissions, hubRoles, type HubRole } from '../../lib/nats/permissions/hub-permissions.js';
import { passwordVariable, serverConfiguration } from '../../lib/nats/permissions/server-configuration.js';
import { recordingLogger } from '../contract/harness.js';
import { startBareServer } from './bare-server.js';

/** A server with the accounts of a task hub as `perdure hub permissions` prints them, and the hub, made by its admin. */
export async function startServerWithRoles(t: ExecutionContext, name: string, partitions = 2) {
  t.timeout(120_000);
  for (const role of hubRoles) process.env[passwordVariable(name, role)] = `"$ecret-${role}"`;
  const server = await startBareServer(
    (folder) => `jetstream { store_dir: "${folder}" }\n${serverConfiguration(hubPermissions(name, partitions))}`,
  );
  t.teardown(() => server.stop());
  const login = (role: HubRole) => ({ user: `${name}-${role}`, password: `$ecret-${role}` });
  const options = (role: HubRole) => ({ name, servers: server.address, credentials: login(role) });
  await createTaskHub({ ...options('admin'), partitions, logger: recordingLogger() });
  return {
    server,
    options,
    /** What was logged by those that are connected as a role. */
    lines: [] as string[],
    async open(role: HubRole): Promise<TaskHub> {
      const hub = await connectTaskHub({ ...options(role), logger: recordingLogger(this.lines) });
      t.teardown(() => hub.close());
      return hub;
    },
    /** A connection that does what nobody of that role would do. */
    async connect(role: HubRole): Promise<NatsConnection> {
      const { user, password: pass } = login(role);
      const connection = await connect({ servers: server.address, user, pass, inboxPrefix: `_INBOX_PD-${name}` });
      t.teardown(() => connection.close());
      return connection;
    },
  };
}

/** Which of these subjects the server refuses to a connection. */
export async function refusedOf(
  connection: NatsConnection,
  operation: 'publish' | 'subscription',
  subjects: readonly string[],
): Promise<string[]> {
  const refused: string[] = [];
  const status = connection.status();
  void (async () => {
    for await (const { permissionContext } of status)
      if (permissionContext?.operation === operation) refused.push(permissionContext.subject);
  })();
  for (const subject of subjects) {
    if (operation === 'publish') connection.publish(subject, '{}');
    else connection.subscribe(subject, { callback: () => {} });
  }
  await connection.flush();
  // The client library tells of them in its own time; what is allowed is never told of.
  const deadline = performance.now() + 5_000;
  while (refused.length < subjects.length && performance.now() < deadline) await delay(5);
  return refused;
}
