import { connect } from 'nats';
import type { TestServer } from './servers.js';

/** Deletes all streams of a task hub that nobody uses any more: a test of a thousand hubs would fill its server with them. */
export async function removeHub(server: TestServer, hub: string): Promise<void> {
  const connection = await connect({ servers: server.url });
  const { streams } = await connection.jetstreamManager();
  const its = new RegExp(`^(?:KV_|OBJ_)?PD-${hub}(?:-|$)`);
  const names: string[] = [];
  for await (const name of streams.names()) if (its.test(name)) names.push(name);
  for (const name of names) await streams.delete(name);
  await connection.close();
}
