import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { chromium, type Browser, type Page as Tab } from 'playwright-core';
import { rolldown } from 'rolldown';
import {
  connectTaskHub,
  OrchestrationContext,
  TaskHubClient,
  TaskHubWorker,
  type Orchestration,
  type TaskHub,
} from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Counter } from '../../samples/counter/counter.js';
import { Parcel } from '../client/parcel.js';
import { recordingLogger } from '../contract/harness.js';
import { until } from '../until.js';
import { startBareServer, type BareServer } from './bare-server.js';
import type { Page } from './browser-page.js';

/** A client in a page of Chromium, with a worker here, on one server. */

@Orchestrator('echo')
class Echo {
  @Run({ input: String }) *run(text: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(1);
    return text;
  }
}

const executablePath = process.env['PERDURE_CHROMIUM'] ?? '/usr/bin/chromium';
const isMissing = !existsSync(executablePath);

/** Without Chromium there is nothing to prove anything in; `.ci/debian-packages` installs it. */
function inChromium(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (isMissing) test.skip(`${title} (there is no ${executablePath})`, run);
  else test.serial(title, run);
}

let server: BareServer;
let web: Server;
/** Between the page and the server's WebSocket listener. */
let wire: TcpServer;
const sockets = new Set<Socket>();
let browser: Browser;
let tab: Tab;
let hub: TaskHub;
let worker: TaskHubWorker;
let bundle: string;
const consoleLines: string[] = [];

/** One script for browsers: what is of Node.js alone cannot be in it, nor be left to be found at run time. */
async function bundled(): Promise<string> {
  const bundle = await rolldown({
    input: 'build/test/nats/browser-page.js',
    platform: 'browser',
    external: ['crypto'], // nats.ws asks for it where there is a `require`, which no page has
    onLog: (level, { code, message }) => {
      if (level === 'warn') throw new Error(`${code}: ${message}`);
    },
  });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  const [{ code, imports, moduleIds }] = output;
  if (output.length > 1 || imports.length > 0) throw new Error(`It is not whole: ${imports.join(', ')}`);
  if (moduleIds.some((id) => /node_modules\/nats\//.test(id))) throw new Error('The library for Node.js is in it');
  return code;
}

test.before(async () => {
  if (isMissing) return;
  bundle = await bundled();
  server = await startBareServer(
    (folder) =>
      `jetstream { store_dir: "${folder}" }\nwebsocket { listen: "127.0.0.1:-1", no_tls: true }\n` +
      'authorization { users: [ { user: w, password: w }, { user: page, password: "p:w" } ] }',
  );
  const servers = `nats://w:w@${server.address}`;
  hub = await connectTaskHub({ name: 'web', servers, partitions: 2, logger: recordingLogger() });
  worker = await TaskHubWorker.start(hub, { entities: [Counter], orchestrators: [Parcel, Echo] });
  web = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? bundle : '<script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  const { port } = new URL(server.webSocket);
  wire = createTcpServer((socket) => {
    const onwards = connect(Number(port), '127.0.0.1');
    for (const one of [socket, onwards]) sockets.add(one.on('error', () => {}));
    socket.pipe(onwards).pipe(socket);
  }).listen(0, '127.0.0.1');
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  tab = await browser.newPage();
  tab.on('console', (line) => consoleLines.push(line.text()));
  tab.on('pageerror', (error) => consoleLines.push(String(error)));
  await until(() => web.listening && wire.listening, 'the servers to listen');
  await tab.goto(`http://127.0.0.1:${(web.address() as AddressInfo).port}/`);
  await tab.waitForFunction('globalThis.page !== undefined');
});
test.after.always(async () => {
  await browser?.close();
  web?.close();
  for (const socket of sockets) socket.destroy();
  wire?.close();
  await worker?.stop();
  await hub?.close();
  await server?.stop();
});

/** Runs something in the page. */
function inPage<K extends keyof Page>(name: K, ...args: Parameters<Page[K]>): Promise<Awaited<ReturnType<Page[K]>>> {
  const run = ([what, given]: readonly [K, unknown[]]) =>
    (globalThis as unknown as { page: Record<K, (...all: unknown[]) => unknown> }).page[what](...given);
  return tab.evaluate(run as never, [name, args] as never) as Promise<Awaited<ReturnType<Page[K]>>>;
}

inChromium('a page connects over the WebSocket listener, and tells where without the password', async (t) => {
  const { port } = wire.address() as AddressInfo;
  t.is(await inPage('open', `ws://page:p%3Aw@127.0.0.1:${port}`), `127.0.0.1:${port}`, consoleLines.join('\n'));
});

inChromium('a page signals, calls and reads entities, and refuses inputs by their classes', async (t) => {
  t.deepEqual(await inPage('entities'), [7, 8, { value: 8 }, 'owner', true], consoleLines.join('\n'));
});

inChromium('a page starts an orchestration, watches it to its end, and has its result and its history', async (t) => {
  const told = ['Running round 1', 'Running packed', 'Completed packed'];
  t.deepEqual(await inPage('orchestration'), [told, 'delivered', true], consoleLines.join('\n'));
});

inChromium('a page lists, counts and purges instances', async (t) => {
  const client = new TaskHubClient(hub);
  const handles = await Promise.all(
    Array.from({ length: 25 }, (_, i) => client.startNew(Echo, 'text', { instanceId: `listed-${i}` })),
  );
  await Promise.all(handles.map((handle) => handle.result()));
  const count = async () =>
    (await client.countInstances({ instanceIdPrefix: 'listed-', runtimeStatus: 'Completed' })).total;
  await until(async () => (await count()) === 25, 'the views');
  t.deepEqual(await inPage('queries'), [25, 25, 25]);
  await client.close();
});

inChromium('values of a megabyte go to and from a page', async (t) => {
  t.true(await inPage('large'), consoleLines.join('\n'));
});

inChromium('errors are typed in a page as elsewhere', async (t) => {
  t.deepEqual(await inPage('errors'), [
    'PERDURE_NOT_FOUND',
    'PERDURE_UNKNOWN_ORCHESTRATOR',
    'PERDURE_CONFIG',
    'PERDURE_SERVER_UNAVAILABLE',
    'none',
    'PERDURE_NOT_FOUND',
  ]);
});

inChromium('a page that loses its connection goes on with it', async (t) => {
  const client = new TaskHubClient(hub);
  const parcel = await client.startNew(Parcel, 1, { instanceId: 'far away' });
  const waiting = inPage('waits', 'far away');
  for (const socket of sockets) socket.destroy();
  await parcel.raiseEvent('Word', 'end'); // nobody tells the page
  await parcel.result();
  t.is(await waiting, 'delivered');
  await client.close();
});

inChromium('a page closes its client, and what it waits for says so', async (t) => {
  t.is(await inPage('close'), 'PERDURE_CLOSED');
});
