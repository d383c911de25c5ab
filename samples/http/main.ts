import { setTimeout as delay } from 'node:timers/promises';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { HttpApi } from 'perdure/http';
import type { Host } from './host.js';
import { Order, Warehouse } from './orders.js';

const hosts: Readonly<Record<string, () => Promise<{ listen(api: HttpApi): Promise<Host> }>>> = {
  plain: () => import('./plain.js'),
  express: () => import('./express.js'),
  fastify: () => import('./fastify.js'),
  hono: () => import('./hono.js'),
  nest: () => import('./nest.js'),
};
const name = process.argv[2] ?? 'plain';
const load = hosts[name];
if (!load) throw new Error(`There is no host ${name}; there are ${Object.keys(hosts).join(', ')}.`);

await using hub = await connectTaskHub({ name: 'orders', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [Order], activities: [new Warehouse()] });
await using client = new TaskHubClient(hub);
const api = new HttpApi(client, { orchestrators: [Order] });
const host = await (await load()).listen(api);

// From here on a program that knows HTTP and nothing else.
const headers = { 'content-type': 'application/json' };
const post = (url: string, body: unknown) => fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
const started = await post(`${host.url}${api.basePath}/orchestrators/order`, { article: 'lamps', pieces: 3 });
const links = (await started.json()) as { sendEventPostUri: string };
console.log(`${name}: ${started.status}, look again after ${started.headers.get('retry-after')} s`);
await post(links.sendEventPostUri.replace('{eventName}', 'Paid'), 'Mona');
for (;;) {
  await delay(100); // 10 s would be long for a sample
  const answer = await fetch(started.headers.get('location')!);
  const { runtimeStatus, output } = (await answer.json()) as { runtimeStatus: string; output: string };
  if (answer.status === 202) continue;
  console.log(`${answer.status}, ${runtimeStatus}: ${output}`);
  break;
}
const refused = await post(`${host.url}${api.basePath}/orchestrators/order`, { article: 'lamps', pieces: 0 });
console.log(`${refused.status}, ${((await refused.json()) as { code: string }).code}`);
await host.close();
