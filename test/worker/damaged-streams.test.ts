import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { Counter } from '../../samples/counter/counter.js';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { removeMessage } from '../nats/remove-message.js';

/** What an operator may do to a stream, from one moment to the next. */
type Damage = 'purged' | 'deleted' | 'deleted and created again';

/** How long a running worker may take to notice, in milliseconds. */
const NOTICED = 10_000;

let server: TestServer;
let operator: JetStream;
let hubs = 0;

test.before(async () => {
  server = await startTestServer();
  operator = new JetStream(await connectSession({ servers: server.url, logger: recordingLogger() }));
});
test.after.always(async () => {
  await operator?.session.close();
  await server?.stop();
});

async function damage(stream: string, how: Damage): Promise<void> {
  const { config } = await operator.info(stream);
  if (how === 'purged') return void (await operator.demand(`STREAM.PURGE.${stream}`));
  await operator.demand(`STREAM.DELETE.${stream}`);
  if (how === 'deleted and created again') await operator.demand(`STREAM.CREATE.${stream}`, config);
}

/** A worker under load, the damage, and what the worker ends with. */
async function workThrough(t: ExecutionContext, how: Damage, streamOf: (hub: string) => string): Promise<void> {
  t.timeout(60_000);
  const name = `damage-${hubs++}`;
  const stream = streamOf(name);
  const lines: string[] = [];
  const hub = await connectTaskHub({ name, servers: server.url, partitions: 1, logger: recordingLogger(lines) });
  t.teardown(() => hub.close());
  const options = { entities: [Counter], stopTimeoutInMilliseconds: 0 };
  const worker = await TaskHubWorker.start(hub, options);
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  await client.signalEntity(Counter, 'a').add({ by: 1 });
  t.is(await client.callEntity(Counter, 'a').get(), 1);
  const loading = setInterval(() => {
    client
      .signalEntity(Counter, 'a')
      .add({ by: 1 })
      .catch(() => {}); // the client is closed in the end
  }, 10);
  t.teardown(() => clearInterval(loading));

  const at = performance.now();
  await damage(stream, how);
  await until(() => lines.some((line) => line.startsWith('The worker stops: ')), 'the worker to say that it stops');
  const seconds = (performance.now() - at) / 1_000;
  const error = await t.throwsAsync(worker.untilStopped(), { code: 'PERDURE_STORAGE_REGRESSED' });
  t.log(`${seconds.toFixed(1)} s: ${error?.message}`);
  t.true(error?.message.includes(stream.replace(/^(KV|OBJ)_/, '')), error?.message);
  t.true(seconds * 1_000 < NOTICED);

  // The hub refuses to go on, also with another worker.
  const again = connectTaskHub({ name, servers: server.url, logger: recordingLogger() }).then(async (other) => {
    t.teardown(() => other.close());
    return TaskHubWorker.start(other, options);
  });
  const refused = await t.throwsAsync(again);
  t.regex((refused as Error & { code: string }).code, /PERDURE_(STORAGE_REGRESSED|CORRUPT_HISTORY)/);
}

const kinds = ['mail', 'log', 'state'] as const;
const damages: readonly Damage[] = ['purged', 'deleted', 'deleted and created again'];
for (const how of damages) {
  for (const kind of kinds) {
    if (kind === 'mail' && how === 'purged') continue; // below: only mail that waits is a loss
    test.serial(`P12: a ${kind} stream that is ${how} under load ends the worker within 10 s, and it is named`, (t) =>
      workThrough(t, how, (hub) => `PD-${hub}-0-${kind}`),
    );
  }
  test.serial(`P12: a bucket that is ${how} under load ends the worker within 10 s, and it is named`, (t) =>
    workThrough(t, how, (hub) => `KV_PD-${hub}`),
  );
  test.serial(`P12: an object store that is ${how} under load ends the worker within 10 s, and it is named`, (t) =>
    workThrough(t, how, (hub) => `OBJ_PD-${hub}-values`),
  );
  test.serial(`P12: work queues whose stream is ${how} under load end the worker within 10 s, and it is named`, (t) =>
    workThrough(t, how, (hub) => `PD-${hub}-tasks`),
  );
}

@Entity('drudge')
class Drudge {
  state = { done: 0 };
  /** Takes a moment of the processor, so that most of what comes waits in the stream. */
  @Operation() work(): void {
    const end = performance.now() + 3;
    while (performance.now() < end);
    this.state.done++;
  }
}

test.serial(
  'P12: mail that was purged before it was carried out is refused by a running worker within 10 s, and by the next one',
  async (t) => {
    t.timeout(60_000);
    const name = `damage-${hubs++}`;
    const stream = `PD-${name}-0-mail`;
    const hub = await connectTaskHub({ name, servers: server.url, partitions: 1, logger: recordingLogger() });
    t.teardown(() => hub.close());
    const options = { entities: [Drudge], stopTimeoutInMilliseconds: 0 };
    const message = new TextEncoder().encode('{"v":1,"kind":"operation","name":"work"}');
    const send = () => operator.store(`pd.${name}.0.m.e.drudge.d`, message, {});
    for (let sent = 0; sent < 5_000; sent += 500) await Promise.all(Array.from({ length: 500 }, send));
    const first = await TaskHubWorker.start(hub, options);
    const at = performance.now();
    await damage(stream, 'purged');
    const text = new RegExp(
      `^Stream ${stream} begins at \\d+, but message \\d+ is still needed: somebody purged it\\. Restore`,
    );
    const running = await t.throwsAsync(first.untilStopped(), { code: 'PERDURE_STORAGE_REGRESSED' });
    const took = performance.now() - at;
    t.log(`${(took / 1_000).toFixed(1)} s`);
    t.true(took < NOTICED, `${took} ms`);
    t.regex(running?.message ?? '', text);
    const next = await t.throwsAsync(TaskHubWorker.start(hub, options), { code: 'PERDURE_STORAGE_REGRESSED' });
    t.regex(next?.message ?? '', text);
  },
);

for (const how of ['purged', 'deleted'] as const)
  test(`a stream of dead letters that is ${how} holds nobody up: letters are stored in it again within 10 s`, async (t) => {
    t.timeout(60_000);
    const name = `damage-${hubs++}`;
    const stream = `PD-${name}-dead`;
    const lines: string[] = [];
    const hub = await connectTaskHub({ name, servers: server.url, partitions: 1, logger: recordingLogger(lines) });
    t.teardown(() => hub.close());
    const worker = await TaskHubWorker.start(hub, { entities: [Counter] });
    const client = new TaskHubClient(hub);
    t.teardown(() => client.close());
    const garbage = () => operator.store(`pd.${name}.0.m.e.counter.a`, new TextEncoder().encode('garbage'), {});
    const letters = async () => (await operator.info(stream)).state.messages;
    await garbage();
    await client.callEntity(Counter, 'a').add({ by: 1 });
    t.is(await letters(), 1);

    const at = performance.now();
    await damage(stream, how);
    for (let i = 0; i < 3; i++) await garbage();
    t.is(await client.callEntity(Counter, 'a').add({ by: 1 }), 2);
    t.true(performance.now() - at < NOTICED);
    t.is(await letters(), 3);
    const said = lines.filter((line) => line.startsWith('Somebody deleted the stream of dead letters'));
    t.is(said.length, how === 'deleted' ? 1 : 0, said.join('\n'));
    await worker.stop();
  });

test('a mail message that somebody deleted is reported, and the worker goes on', async (t) => {
  const name = `damage-${hubs++}`;
  const stream = `PD-${name}-0-mail`;
  const lines: string[] = [];
  const hub = await connectTaskHub({ name, servers: server.url, partitions: 1, logger: recordingLogger(lines) });
  t.teardown(() => hub.close());
  const first = await TaskHubWorker.start(hub, { entities: [Counter] });
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  await client.signalEntity(Counter, 'a').add({ by: 1 });
  await client.callEntity(Counter, 'a').get();
  await first.stop();
  for (const by of [10, 100, 1_000]) await client.signalEntity(Counter, 'a').add({ by });
  const { last_seq } = (await operator.info(stream)).state;
  await removeMessage(operator, stream, last_seq - 1);
  const worker = await TaskHubWorker.start(hub, { entities: [Counter] });
  t.is(await client.callEntity(Counter, 'a').get(), 1_011);
  t.is(lines.filter((line) => line.startsWith('Mail is missing')).length, 1);
  await worker.stop();
});
