import { serveHttpApi } from 'perdure/http/node';
import { connect } from 'node:net';
import { base, Restaurant, type Ask } from '../http/restaurant.js';
import type { BadInput } from './row.js';

/** Rows about requests of the HTTP API: what comes back, and that nothing was stored. */

const json = { 'content-type': 'application/json' };
const asked =
  (method: string, path: string, ask: Ask = {}, options: ConstructorParameters<typeof Restaurant>[0] = {}) =>
  async () => {
    const restaurant = await Restaurant.open(options);
    const before = restaurant.around.stored;
    const { status, headers, body } = await restaurant.ask(method, path, ask);
    if (restaurant.around.stored !== before) throw new Error('Something was stored');
    const allow = headers.get('allow');
    return [status, body?.['code'], ...(allow === null ? [] : [allow])];
  };

/** The first line of an answer to bytes that no client library would send. */
const said = (request: string) => async () => {
  const { api } = new Restaurant({ limits: { bodyTimeoutInMilliseconds: 200 } });
  const server = await serveHttpApi(api, { port: 0 });
  try {
    return await new Promise((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(request));
      socket.once('data', (chunk) => {
        socket.destroy();
        resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(String(chunk))?.[1]));
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('Closed without an answer')));
    });
  } finally {
    await server.close();
  }
};
const head = (method: string, path: string, ...headers: string[]) =>
  [`${method} ${base}${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
const start = (text: string, headers: Record<string, string> = json) =>
  asked('POST', '/orchestrators/table', { text, headers });
const keyed = (headers: Record<string, string>) =>
  asked('POST', '/orchestrators/table', { headers }, { auth: { keys: ['k-0123456789abcdef'] } });
const large = new TextEncoder().encode('x'.repeat(1_048_577));

export const http: readonly BadInput[] = [
  {
    row: 16,
    title: 'entity key by HTTP: %2e%2e%2f',
    attempt: asked('GET', '/entities/till/%2e%2e%2f'),
    becomes: [400, 'PERDURE_INVALID_ID'],
  },
  {
    row: 41,
    title: 'input by HTTP: 9007199254740993, rounded as JSON is in JavaScript',
    attempt: async () => {
      const restaurant = await Restaurant.open();
      await restaurant.post('/orchestrators/table/t');
      await restaurant.post('/instances/t/raiseEvent/Guest', { text: '9007199254740993', headers: json });
      await restaurant.pass();
      return (await restaurant.get('/instances/t')).body['output'];
    },
    becomes: 9007199254740992,
  },
  ...['{', '', '1 x'].map((text) => ({
    row: 70,
    title: `HTTP: a body of ${JSON.stringify(text)} on a route that needs one`,
    attempt: asked('POST', '/instances', { text, headers: json }),
    becomes: [400, 'PERDURE_REFUSED_REQUEST'],
  })),
  ...['text/plain', 'application/x-www-form-urlencoded'].map((type) => ({
    row: 71,
    title: `HTTP: ${type}`,
    attempt: start('a=1', { 'content-type': type }),
    becomes: [415, 'PERDURE_REFUSED_REQUEST'],
  })),
  {
    row: 72,
    title: 'HTTP: 1 MiB and a byte, without a length',
    attempt: () =>
      asked('POST', '/orchestrators/table', {
        text: new ReadableStream({
          start(controller) {
            controller.enqueue(large);
            controller.close();
          },
        }),
        headers: json,
      })(),
    becomes: [413, 'PERDURE_REFUSED_REQUEST'],
  },
  {
    row: 73,
    title: 'HTTP: Host evil.example',
    attempt: asked('GET', '/instances', { headers: { host: 'evil.example' } }),
    becomes: [421, 'PERDURE_REFUSED_REQUEST'],
  },
  {
    row: 74,
    title: 'HTTP: a foreign Origin',
    attempt: asked('POST', '/orchestrators/table', { headers: { origin: 'https://evil.example' } }),
    becomes: [403, 'PERDURE_REFUSED_REQUEST'],
  },
  { row: 75, title: 'HTTP: no token', attempt: keyed({}), becomes: [401, 'PERDURE_REFUSED_REQUEST'] },
  {
    row: 75,
    title: 'HTTP: a wrong token',
    attempt: keyed({ authorization: 'Bearer k-fedcba9876543210' }),
    becomes: [403, 'PERDURE_REFUSED_REQUEST'],
  },
  {
    row: 76,
    title: 'HTTP: a wrong method',
    attempt: asked('PUT', '/instances/a'),
    becomes: [405, 'PERDURE_REFUSED_REQUEST', 'GET, DELETE'],
  },
  {
    row: 76,
    title: 'HTTP: an unknown path',
    attempt: asked('GET', '/nowhere'),
    becomes: [404, 'PERDURE_REFUSED_REQUEST'],
  },
  ...['top=-1', 'top=1e9', 'top=0.5'].map((query) => ({
    row: 77,
    title: `HTTP: ${query}`,
    attempt: asked('GET', `/instances?${query}`),
    becomes: [400, 'PERDURE_REFUSED_REQUEST'],
  })),
  {
    row: 77,
    title: 'HTTP: a continuation token that is none',
    attempt: asked('GET', '/instances', { headers: { 'x-ms-continuation-token': 'bad' } }),
    becomes: [400, 'PERDURE_INVALID_CONTINUATION_TOKEN'],
  },
  {
    row: 78,
    title: 'HTTP: a body that does not come',
    attempt: said(head('POST', '/orchestrators/table', 'Content-Type: application/json', 'Content-Length: 9') + '"'),
    becomes: 408,
  },
  { row: 79, title: 'HTTP: a header with NUL', attempt: said(head('GET', '/instances', 'X: a\0b')), becomes: 400 },
  {
    row: 79,
    title: 'HTTP: a header of 20 KB',
    attempt: said(head('GET', '/instances', `X: ${'x'.repeat(20_000)}`)),
    becomes: 431,
  },
];
