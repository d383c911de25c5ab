import test from 'ava';
import { connect } from 'nats';
import { connectTaskHub, OrchestrationContext, TaskHubClient, TaskHubWorker, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

@Entity('counter')
class Counter {
  state = 0;
  @Operation() add(amount: number): void {
    this.state += amount;
  }
  @Operation() fail(): void {
    throw new RangeError('too much');
  }
}

@Orchestrator('film')
class Film {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    ctx.signalEntity('account', 'alice', 'add', 1);
    yield* ctx.callActivity('render', undefined, { queue: 'studio' });
  }
}

@Orchestrator('locking')
class Locking {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    using _lock = yield* ctx.lock([Counter, 'a']);
    yield* ctx.waitForExternalEvent('Go');
  }
}

class Unused {
  @Activity() unused(): void {}
}

test('inspect shows each partition, and the names that no worker has with what waits for them', async (t) => {
  const hub = await connectTaskHub({ name: 'inspected', servers: server.url, partitions: 2 });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub);
  const inspect = () => perdureHere(['inspect', 'inspected', '--servers', server.url]);
  t.deepEqual(await outcome(perdure(t, ['inspect', 'inspected', '--servers', server.url])), {
    code: 0,
    stdout: 'partition 0: no worker owns it\npartition 1: no worker owns it\n',
    stderr: '',
  });

  const hosted = { entities: [Counter], orchestrators: [Film], activities: [new Unused()] };
  await using worker = await TaskHubWorker.start(hub, hosted);
  await client.startNew(Film, undefined, { instanceId: 'f' });
  await until(async () => (await client.namesWithoutWorker()).names.length === 2, 'what nobody has to be asked for');
  const { code, stdout } = await inspect();
  t.is(code, 0);
  const owned = /^partition \d: \S+, epoch 1, record \d+, mail \d+ of \d+, \d+ instances in memory, 0 dead letters$/gm;
  t.is(stdout.match(owned)?.length, 2, stdout);
  t.true(stdout.includes('\nno worker has entity account: 1 instance waits\n'), stdout);
  t.true(stdout.includes('\nno worker has activity render in queue studio: 1 call waits\n'), stdout);
  await worker.stop();
});

test('inspect of an instance whose partition nobody owns says so, as its view has it', async (t) => {
  const hub = await connectTaskHub({ name: 'left', servers: server.url, partitions: 1 });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub);
  const worker = await TaskHubWorker.start(hub, { orchestrators: [Film] });
  await client.startNew(Film, undefined, { instanceId: 'f' });
  await until(async () => (await client.countInstances()).byRuntimeStatus.Running === 1, 'the view');
  await worker.stop();
  const { code, stdout } = await outcome(perdure(t, ['inspect', 'left', 'f', '--servers', server.url]));
  t.is(code, 0);
  t.regex(stdout, /^status: +Running \(as its view says; no worker owns it\)$/m);
  t.regex(stdout, /^why: no worker owns its partition, 0: start one$/m);
});

test('a task hub that does not exist is told, and is not created by who looks for it', async (t) => {
  for (const args of [
    ['inspect', 'typo'],
    ['release', 'typo', 'e.counter.a'],
  ]) {
    const { code, stdout, stderr } = await perdureHere([...args, '--servers', server.url]);
    t.deepEqual([code, stdout], [1, '']);
    t.true(stderr.startsWith('PERDURE_CONFIG: There is no task hub typo at '), stderr);
  }
  const connection = await connect({ servers: server.url });
  const streams = await (await connection.jetstreamManager()).streams.names().next();
  await connection.close();
  t.deepEqual(
    streams.filter((name) => name.includes('typo')),
    [],
  );
});

test('an instance that is no address, and a partition that nobody owns, are told', async (t) => {
  const hub = await connectTaskHub({ name: 'unowned', servers: server.url, partitions: 1 });
  await hub.close();
  const release = (instance: string) =>
    perdureHere(['release', 'unowned', instance, '--servers', server.url, '--timeout', '2s']);
  const wrong = await release('alice');
  t.deepEqual([wrong.code, wrong.stdout], [1, '']);
  t.true(wrong.stderr.startsWith('PERDURE_CONFIG: instance: "alice" is no address.'), wrong.stderr);
  const nobody = await release('e.counter.a');
  t.deepEqual([nobody.code, nobody.stdout], [4, '']);
  t.true(nobody.stderr.startsWith('PERDURE_TIMEOUT: No worker that owns partition 0 answered'), nobody.stderr);
});

test('inspect of an entity tells what waits for it and why, and what it is to do', async (t) => {
  const hub = await connectTaskHub({ name: 'counters', servers: server.url, partitions: 1 });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub);
  const inspect = (...entity: string[]) => perdureHere(['inspect', 'counters', ...entity, '--servers', server.url]);
  t.is((await inspect('counter', 'a')).stdout, 'counter a: no worker owns its partition\n');
  await using worker = await TaskHubWorker.start(hub, { entities: [Counter], orchestrators: [Locking] });
  await client.callEntity(Counter, 'a').add(1);
  await t.throwsAsync(client.callEntity('counter', 'a', 'fail'));
  await client.signalEntity(Counter, 'a', { signalAt: 3_600_000 }).add(1);
  await client.startNew(Locking, undefined, { instanceId: 'one' });
  await until(async () => (await client.readEntityState(Counter, 'a')).lockedBy !== undefined, 'the lock');
  await client.signalEntity(Counter, 'a').add(1);
  await until(async () => (await inspect('counter', 'a')).stdout.includes('1 messages wait'), 'the signal to wait');
  const { stdout } = await inspect('counter', 'a');
  const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
  t.deepEqual(
    stdout
      .replace(time, 'TIME')
      .replace(/; \S+, epoch/, '; WORKER, epoch')
      .trimEnd()
      .split('\n'),
    [
      'counter a: exists, 1 messages wait, the first since TIME; WORKER, epoch 1',
      '  last commit of its partition: TIME',
      '  last operation: TIME',
      '  locked: by one since TIME until TIME',
      '  planned: 1, the first at TIME',
      '  failed last: fail at TIME: RangeError: too much',
    ],
  );
  const { code, stderr } = await inspect('counter'); // of an instance it would be the id
  t.is(code, 3);
  t.true(stderr.startsWith('PERDURE_NOT_FOUND: There is no orchestration instance with id "counter"'), stderr);
  await worker.stop();
});
