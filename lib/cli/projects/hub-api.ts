import { setTimeout as delay } from 'node:timers/promises';
import { TaskHubClient } from '../../client/task-hub-client.js';
import { HttpApi } from '../../http/http-api.js';
import { serveHttpApi } from '../../http/node-listener.js';
import { connectExistingTaskHub } from '../../nats/connect-task-hub.js';
import { taskHubExists } from '../../nats/hub-administration.js';
import type { EmbeddedServer } from '../../nats/server/embedded-server.js';
import { payloadCodecOf } from '../hubs/codec-module.js';
import { print } from '../output.js';
import { paint } from '../paint.js';
import { connectedHub } from './connected-hub.js';
import type { DevOptions } from './dev-command.js';
import { registeredOrchestrators } from './registered-orchestrators.js';

/** The pause between two looks, in milliseconds. */
const PAUSE = 50;

/** Serves the HTTP API of the hub that the service connects to. */
export async function serveHubApi(
  server: EmbeddedServer,
  since: Date,
  options: DevOptions,
  signal: AbortSignal,
): Promise<void> {
  const name = options.hub ?? (await connectedHub(server.monitorUrl, since, signal));
  if (name === undefined || !(await isMade(name, server, signal))) return;
  await using hub = await connectExistingTaskHub({
    name,
    servers: server.url,
    payloadCodec: await payloadCodecOf(options),
  });
  await using client = new TaskHubClient(hub);
  const api = new HttpApi(client);
  await using http = await serveHttpApi(api, { port: options.port });
  const url = `${http.url}${api.basePath}`;
  const [orchestrator = 'NAME'] = await registeredOrchestrators(hub, signal);
  print(`${paint('dim', 'HTTP   ')}  ${url}`);
  const start = `${url}/orchestrators/${orchestrator}?timeout=10&pollingInterval=1`;
  print(`${paint('dim', 'try    ')}  curl -X POST '${start}' -H 'content-type: application/json' -d '"world"'`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

/** Resolves once the service has made the hub: it alone says how many partitions that has. False: it is not wanted any more. */
async function isMade(name: string, { url }: EmbeddedServer, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await taskHubExists({ name, servers: url })) return true;
    await delay(PAUSE);
  }
  return false;
}
