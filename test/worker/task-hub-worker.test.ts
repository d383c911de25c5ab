import test from 'ava';
import type { HubPorts } from '../../lib/engine/ports.js';
import { ClosedError, ConfigError, DefinitionError } from '../../lib/errors.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { TaskHubWorker, type TaskHubWorkerOptions } from '../../lib/worker/task-hub-worker.js';
import { recordingLogger } from '../contract/harness.js';
import { Account, Counter, Greetings, Hello, Transfer } from '../engine/bank.js';
import { MemoryClient } from '../engine/surroundings.js';

const hosted = { entities: [Account, Counter], orchestrators: [Hello, Transfer], activities: [new Greetings()] };

/** A task hub of four partitions in virtual time, with a client. */
function surroundings() {
  const world = new MemoryWorld();
  const hub = world.createHub('test', 4);
  const lines: string[] = [];
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const connect = (name: string) => {
    const connection = hub.connect(name);
    return { connection, ports: memoryHubPorts(connection, recordingLogger(lines)) };
  };
  const start = (to: { readonly ports: HubPorts }, options: TaskHubWorkerOptions = hosted) =>
    settle(TaskHubWorker.start(to, options));
  return { world, hub, lines, settle, connect, start, client: new MemoryClient(hub, 'client') };
}

const helloOutput = ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'];

// One after the other: a signal reaches every worker of the process.
test.serial('a worker runs what is asked of the hub, and after stop nothing but what it left is there', async (t) => {
  const { world, hub, lines, settle, connect, start, client } = surroundings();
  const worker = await start(connect('one'));
  await settle(client.start('hello', 'a'));
  await world.scheduler.advance(1_000);
  const stopped = worker.untilStopped();
  await settle(worker.stop());
  await settle(stopped);
  t.deepEqual((await settle(client.orchestrationHead('a')))?.output, helloOutput);
  const logs = () => Array.from({ length: 4 }, (_, partition) => hub.streams(partition).log.last);
  const before = logs();
  await settle(client.start('hello', 'b'));
  await world.scheduler.advance(60_000);
  t.deepEqual(logs(), before);
  t.is(await settle(client.orchestrationHead('b')), undefined);
  t.is(worker.stop(), worker.stop());
  t.deepEqual(
    lines.filter((line) => /stops|did not stop|failed/.test(line)),
    [],
  );
});

test.serial('the next worker goes on where the last one stopped', async (t) => {
  const { world, settle, connect, start, client } = surroundings();
  const first = await start(connect('one'));
  await settle(client.signal('counter', 'k', 'add', 'a'));
  await world.scheduler.advance(1_000);
  await settle(first.stop());
  await settle(client.signal('counter', 'k', 'add', 'b'));
  const second = await start(connect('two'));
  await world.scheduler.advance(1_000);
  await settle(second.stop());
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['a', 'b'] });
});

test.serial('a connection that is closed under a worker ends it', async (t) => {
  const { settle, connect, start } = surroundings();
  const { connection, ports } = connect('one');
  const worker = await start({ ports });
  const ended = t.throwsAsync(worker.untilStopped(), { instanceOf: ClosedError });
  connection.close();
  await settle(ended);
  t.is(await settle(worker.stop()), undefined);
});

test.serial('SIGTERM stops the worker gracefully while it is waited for', async (t) => {
  const { settle, connect, start } = surroundings();
  const worker = await start(connect('one'));
  const listeners = () => process.listenerCount('SIGTERM');
  const before = listeners();
  const stopped = worker.untilStopped();
  t.is(listeners(), before + 1);
  process.emit('SIGTERM');
  await settle(stopped);
  t.is(listeners(), before);
});

test.serial('what cannot work is refused before anything is taken over or stored', async (t) => {
  const { hub, connect, start } = surroundings();
  const one = connect('one');
  await t.throwsAsync(start(one, { ...hosted, activities: [new Greetings(), new Greetings()] }), {
    instanceOf: DefinitionError,
  });
  for (const stopTimeoutInMilliseconds of [-1, Number.NaN, 600_001])
    await t.throwsAsync(start(one, { ...hosted, stopTimeoutInMilliseconds }), { instanceOf: ConfigError });
  for (const idleMemoryBytes of [-1, Number.NaN])
    await t.throwsAsync(start(one, { ...hosted, idleMemoryBytes }), { instanceOf: ConfigError });
  t.is(hub.bucket.last, 0);
  for (let partition = 0; partition < 4; partition++) t.is(hub.streams(partition).log.last, 0);
});
