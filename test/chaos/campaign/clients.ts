import { connectTaskHub, TaskHubClient, type Logger, type TaskHub } from 'perdure';
import type { SeededRandom } from '../../../lib/memory/random.js';
import type { Sender } from './load.js';
import { retrying, type SendCounts } from './retrying-mail.js';
import { TcpProxy } from './tcp-proxy.js';

/** How long a client waits before it does not know the outcome, in milliseconds. */
const PATIENCE = 60_000;

/** A client of the run, behind proxies of its own. */
export interface ProxiedClient extends Sender {
  readonly hub: TaskHub;
  readonly proxies: readonly TcpProxy[];
}

export async function startClient(
  name: string,
  hubName: string,
  servers: readonly number[],
  random: SeededRandom,
  counts: SendCounts,
): Promise<ProxiedClient> {
  const proxies = await Promise.all(servers.map((port) => TcpProxy.start(port)));
  const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const hub = await connectTaskHub({ name: hubName, servers: proxies.map(({ url }) => url), logger });
  const client = new TaskHubClient({ ports: retrying(hub.ports, random, counts) }, { timeoutInMilliseconds: PATIENCE });
  return { name, client, hub, proxies };
}

export async function stopClient({ client, hub, proxies }: ProxiedClient): Promise<void> {
  await client.close();
  await hub.close();
  for (const proxy of proxies) await proxy.close();
}
