import { join } from 'node:path';
import { resolveNatsServer } from '../../../lib/nats/server/resolve.js';
import { freePorts, NatsNode } from './nats-node.js';

/** The servers of a run: one, or a cluster of several. */
export async function startNodes(count: number, folder: string): Promise<{ nodes: NatsNode[]; version: string }> {
  const { path: binary, version } = await resolveNatsServer();
  const ports = await freePorts(2 * count);
  const routes = ports.slice(count);
  const nodes = Array.from(
    { length: count },
    (_, at) =>
      new NatsNode({
        binary,
        folder: join(folder, `server-${at}`),
        port: ports[at]!,
        cluster: count === 1 ? undefined : { name: `n${at}`, port: routes[at]!, routes },
      }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  return { nodes, version };
}
