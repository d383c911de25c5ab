import { fastify } from 'fastify';
import type { HttpApi } from 'perdure/http';
import { nodeHandler } from 'perdure/http/node';
import type { Host } from './host.js';

export async function listen(api: HttpApi): Promise<Host> {
  const app = fastify({ forceCloseConnections: true });
  const handler = nodeHandler(api);
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.url.startsWith(`${api.basePath}/`)) return done();
    reply.hijack(); // the API answers
    handler(request.raw, reply.raw);
  });
  app.get('/', () => 'a shop on Fastify');
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
}
