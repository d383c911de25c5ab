import test from 'ava';
import type { Host } from '../../samples/http/host.js';
import { listen as onExpress } from '../../samples/http/express.js';
import { listen as onFastify } from '../../samples/http/fastify.js';
import { listen as onHono } from '../../samples/http/hono.js';
import { listen as onNest } from '../../samples/http/nest.js';
import { until } from '../until.js';
import { opened } from './street.js';

const json = { 'content-type': 'application/json' };

for (const [name, listen] of Object.entries({ Express: onExpress, Fastify: onFastify, Hono: onHono, NestJS: onNest }))
  test(`mounted into ${name} the API does what it does alone, beside other routes`, async (t) => {
    const { restaurant } = await opened(t, { limits: { maxBodyBytes: 1_000, maxWaits: 1 } });
    const { api } = restaurant;
    const host: Host = await listen(api);
    t.teardown(() => host.close());
    const url = `${host.url}${api.basePath}`;
    t.is(await (await fetch(host.url)).text(), `a shop on ${name}`);
    const post = (path: string, body: string, headers = json) =>
      fetch(`${url}${path}`, { method: 'POST', body, headers });
    const meal = await post('/orchestrators/meal?timeout=5&pollingInterval=1', '"rice"');
    t.deepEqual([meal.status, await meal.json()], [200, 'hot rice']);
    const table = await post('/orchestrators/table/t', '{"a":[1,"é"]}');
    t.is(table.status, 202);
    const location = table.headers.get('location')!;
    t.true(location.startsWith(`${url}/instances/t`), location);
    t.like(await (await fetch(location)).json(), { runtimeStatus: 'Running', input: { a: [1, 'é'] } });
    t.is((await post('/orchestrators/table', 'x', { 'content-type': 'text/plain' })).status, 415);
    t.is((await post('/orchestrators/table', `"${'x'.repeat(1_000)}"`)).status, 413);
    t.is((await post('/orchestrators/table', '{')).status, 400);
    const wrong = await fetch(`${url}/instances/t`, { method: 'PUT' });
    t.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET, DELETE']);
    t.is((await fetch(`${url}/entities/till/a%2Fb`)).status, 400, 'a path is not decoded before');
    t.is((await fetch(`${url}/entities/till/a%252Fb`)).status, 404);
    t.is((await fetch(`${url}/instances`, { method: 'DELETE' })).status, 400);
    const leaving = new AbortController();
    const watch = await fetch(`${url}/instances/t/watch`, { signal: leaving.signal });
    const { value } = await watch.body!.getReader().read();
    t.regex(new TextDecoder().decode(value as Uint8Array), /^event: status\n/);
    t.is((await fetch(`${url}/instances/t/watch`)).status, 503);
    leaving.abort();
    await until(async () => {
      const next = await fetch(`${url}/entities/till/a/watch`);
      await next.body?.cancel();
      return next.status === 200;
    }, 'the place of who has left');
  });
