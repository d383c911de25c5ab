import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { HttpApi } from 'perdure/http';
import type { Host } from './host.js';

export async function listen(api: HttpApi): Promise<Host> {
  const app = new Hono();
  app.all(`${api.basePath}/*`, (context) => api.fetch(context.req.raw));
  app.get('/', (context) => context.text('a shop on Hono'));
  app.post('/orders', (context) => api.httpStart(context.req.raw, 'order')); // a starter of its own
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
