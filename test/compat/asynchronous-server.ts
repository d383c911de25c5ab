import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { until } from '../until.js';

/** A server whose jobs take a while: `POST /jobs` is answered with 202 and where to ask for the end. */
export interface AsynchronousServer {
  readonly origin: string;
  /** The requests for jobs: their methods, and what some of their headers say. */
  readonly asked: unknown[];
  /** How often it was asked for the end, and how often in vain. */
  polls: number;
  inVain: number;
}

export async function asynchronousServer(t: ExecutionContext, inVain: number): Promise<AsynchronousServer> {
  const server = createServer((request, response) => {
    if (request.url === '/jobs') {
      told.asked.push([request.method, request.headers['content-type'], request.headers['x-app']]);
      response.writeHead(202, { location: '/jobs/1' }).end();
    } else if (request.url === '/jobs/1') {
      if (++told.polls <= told.inVain) response.writeHead(202, { location: '/jobs/1' }).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"done":true}');
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await until(() => server.listening, 'the server to listen');
  const { port } = server.address() as AddressInfo;
  const told: AsynchronousServer = { origin: `http://127.0.0.1:${port}`, asked: [], polls: 0, inVain };
  return told;
}
