import test from 'ava';
import { connectTaskHub, OrchestrationContext, TaskHubClient, TaskHubWorker, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer } from '../servers.js';
import { inTime, until } from '../until.js';
import { startWebServer } from './web-server.js';

/** `callHttp` as users have it: an orchestrator, a worker and a real nats-server, and a web server beside. */

@Orchestrator('order')
class Order {
  @Run() *run(url: string, ctx: OrchestrationContext): Orchestration<string> {
    const tokenSource = { name: 'shop' };
    const {
      statusCode,
      content,
      url: answered,
    } = yield* ctx.callHttp({
      method: 'POST',
      url: `${url}/orders`,
      body: { pieces: 3 },
      headers: { 'idempotency-key': ctx.newGuid(), 'x-functions-key': 'of the start' },
      tokenSource,
      retry: { maxAttempts: 3, firstRetryIntervalInMilliseconds: 10 },
    });
    return `${statusCode} ${content} ${new URL(answered).pathname}`;
  }
}

test('an order is accepted, polled and done, over a worker that ends in between, and no token is stored', async (t) => {
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'shop', servers: server.url, partitions: 1 });
  t.teardown(() => hub.close());
  let hasPolled: () => void;
  const polled = new Promise<void>((resolve) => (hasPolled = resolve));
  let polls = 0;
  const web = await startWebServer(({ method, headers }, response) => {
    if (headers.authorization !== 'Bearer s3cret') response.writeHead(401).end();
    else if (method === 'POST' && web.asked.length === 1) response.writeHead(503).end();
    else if (method === 'POST') response.writeHead(202, { location: '/orders/7', 'retry-after': '1' }).end();
    else if (++polls === 1) {
      response.writeHead(202, { location: '/orders/7', 'retry-after': '1' }).end();
      hasPolled();
    } else response.end('packed');
  });
  t.teardown(() => web.close());
  const start = () =>
    TaskHubWorker.start(hub, { orchestrators: [Order], http: { tokenSources: { shop: () => 's3cret' } } });
  const first = await start();
  await using client = new TaskHubClient(hub);
  const order = await client.startNew(Order, web.origin);
  await inTime(polled, 'the first poll', 60);
  await first.stop();
  const second = await start();
  t.teardown(() => second.stop());
  t.is(await order.result({ timeoutInMilliseconds: 60_000 }), '200 packed /orders/7');
  const [refused, accepted, ...rest] = web.asked;
  t.is(refused!.headers['idempotency-key'], accepted!.headers['idempotency-key']);
  t.deepEqual([accepted!.body, accepted!.headers['content-type']], ['{"pieces":3}', 'application/json']);
  // Requests are sent at least once: the worker that stopped may have begun one that the next one sent again.
  t.true(rest.length >= 2 && rest.every(({ method, path }) => method === 'GET' && path === '/orders/7'));
  t.is(accepted!.headers['x-functions-key'], 'of the start');
  t.true(rest.every(({ headers }) => headers['x-functions-key'] === undefined && headers.authorization));
  const history = JSON.stringify(await order.history());
  t.notRegex(history, /s3cret/);
  t.regex(history, /"tokenSource":\{"name":"shop"\}/);
});

@Orchestrator('late')
class Late {
  @Run() *run(url: string, ctx: OrchestrationContext): Orchestration<string> {
    try {
      yield* ctx.callHttp({ url, timeoutInMilliseconds: 200 });
    } catch (error) {
      return (error as { failureDetails?: { code?: string } }).failureDetails?.code ?? String(error);
    }
    return 'answered';
  }
}

test('a request that takes too long fails in time, and its connection is closed', async (t) => {
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'late', servers: server.url, partitions: 1 });
  t.teardown(() => hub.close());
  const web = await startWebServer(() => {}); // which never answers
  t.teardown(() => web.close());
  const worker = await TaskHubWorker.start(hub, { orchestrators: [Late] });
  t.teardown(() => worker.stop());
  await using client = new TaskHubClient(hub);
  const late = await client.startNew(Late, web.origin);
  t.is(await late.result({ timeoutInMilliseconds: 60_000 }), 'PERDURE_ACTIVITY_TIMED_OUT');
  // On a machine with no time to spare the time may be over before the request has reached its server.
  await until(async () => (await web.connections()) === 0, 'the connection of the request to be closed');
});

@Orchestrator('ping')
class Ping {
  @Run() *run(url: string, ctx: OrchestrationContext): Orchestration<number> {
    return (yield* ctx.callHttp({ url })).statusCode;
  }
}

class Mails {
  @Activity() send(): void {}
}

test('a worker that sends no requests leaves them to one that does', async (t) => {
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'inside', servers: server.url, partitions: 1 });
  t.teardown(() => hub.close());
  const web = await startWebServer((_, response) => response.writeHead(204).end());
  t.teardown(() => web.close());
  const inside = await TaskHubWorker.start(hub, { orchestrators: [Ping], http: false });
  t.teardown(() => inside.stop());
  await using client = new TaskHubClient(hub);
  const ping = await client.startNew(Ping, web.origin);
  await until(async () => (await ping.history()).length > 1, 'the request to be asked for');
  t.is((await ping.status()).runtimeStatus, 'Running');
  t.deepEqual(web.asked, []);
  const gateway = await TaskHubWorker.start(hub, { activities: [new Mails()] });
  t.teardown(() => gateway.stop());
  t.is(await ping.result({ timeoutInMilliseconds: 60_000 }), 204);
  t.is(web.asked.length, 1);
});
