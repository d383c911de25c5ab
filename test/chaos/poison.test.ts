import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { outcome, perdure } from '../cli/perdure.js';
import { startTestServer, type TestServer } from '../servers.js';
import { Fuse, POISONED, Stage, UNHANDLED } from './poison.js';
import { ServiceProcess } from './service-process.js';

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

/**
 * Sends poison to an instance of a running service, and starts the service again as often as it dies, until the instance is
 * in quarantine. A neighbour in the same partition goes on meanwhile.
 */
async function poison(
  t: ExecutionContext,
  name: string,
  address: string,
  send: (client: TaskHubClient) => Promise<unknown>,
  exitCode = POISONED,
) {
  const hub = await connectTaskHub({ name, servers: server.url, partitions: 1 });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub, { timeoutInMilliseconds: 120_000 });
  t.teardown(() => client.close());
  const start = (): ServiceProcess => {
    const started = new ServiceProcess(server.url, name, undefined, 'poison-service.js');
    t.teardown(() => started.kill('SIGKILL'));
    return started;
  };
  const words: string[] = [];
  const neighbourTakes = async (word: string): Promise<void> => {
    const expected = [...words, word];
    words.push(word);
    t.deepEqual(await client.callEntity(Fuse, 'neighbour').take(word), expected);
  };
  const isQuarantined = async (): Promise<boolean> =>
    (await client.inspect()).some(
      ({ worker, ...status }) =>
        worker !== undefined && 'quarantined' in status && status.quarantined.some((one) => one.address === address),
    );

  let service = start();
  await neighbourTakes('before');
  await send(client);
  const calls: Promise<void>[] = [];
  while (calls.length <= 4 && !(await isQuarantined())) {
    await Promise.race([service.ended, delay(100)]);
    if (service.isRunning) continue;
    t.is(await service.ended, exitCode, service.errors);
    service = start();
    calls.push(neighbourTakes(`after ${calls.length + 1}`));
  }
  const deaths = calls.length;
  await Promise.all(calls);
  t.log(`${deaths} deaths`);
  t.true(deaths === 3 || deaths === 4, `${deaths} deaths: ${service.errors}`);

  const hubOf = ['--servers', server.url];
  const inspected = await outcome(perdure(t, ['inspect', name, ...hubOf]));
  t.is(inspected.code, 0, inspected.stderr);
  t.regex(inspected.stdout, new RegExp(`^  in quarantine: ${address} since \\S+Z, 1 messages wait$`, 'm'));
  const release = () => outcome(perdure(t, ['release', name, address, '--discard', ...hubOf]));
  t.like(await release(), { code: 0, stdout: `Released: ${address}\n` });
  t.like(await release(), { code: 0, stdout: `Not in quarantine: ${address}\n` });
  await neighbourTakes('released');
  return { client, service };
}

test('an operation that ends its process does so four times at most; its neighbours go on, and people release it', async (t) => {
  t.timeout(240_000);
  const { client, service } = await poison(t, 'poison-entity', 'e.fuse.a', (sender) =>
    sender.signalEntity(Fuse, 'a').take('poison'),
  );
  t.deepEqual(await client.callEntity(Fuse, 'a').take('food'), ['food']);
  t.is(await service.stop(), 0, service.errors);
});

test('a step of an orchestrator that ends its process does so four times at most, and people release it', async (t) => {
  t.timeout(240_000);
  const { client, service } = await poison(t, 'poison-step', 'o.s', async (sender) => {
    await sender.startNew(Stage, undefined, { instanceId: 's' });
    await sender.raiseEvent('s', 'word', 'poison');
  });
  await client.raiseEvent('s', 'word', 'food');
  t.is(await client.getHandle<string>('s').result(), 'food');
  t.is(await service.stop(), 0, service.errors);
});

test('a rejection in an operation that nobody handles ends the process, nothing of it is committed, and people release it', async (t) => {
  t.timeout(240_000);
  const stray = (sender: TaskHubClient) => sender.signalEntity(Fuse, 'b').take('stray');
  const { client, service } = await poison(t, 'poison-stray', 'e.fuse.b', stray, UNHANDLED);
  t.deepEqual(await client.callEntity(Fuse, 'b').take('food'), ['food']);
  t.is(await service.stop(), 0, service.errors);
});
