import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { HttpApi } from 'perdure/http';
import { nodeHandler } from 'perdure/http/node';
import type { Host } from './host.js';

export async function listen(api: HttpApi): Promise<Host> {
  const app = express();
  app.use(nodeHandler(api)); // before whatever reads bodies
  app.use(express.json());
  app.get('/', (_request, response) => void response.send('a shop on Express'));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
