import test from 'ava';
import {
  ConfigError,
  CorruptHistoryError,
  InvalidHubError,
  StorageRegressedError,
  StreamMismatchError,
  VersionTooNewError,
} from '../../lib/errors.js';
import { connectSession } from '../../lib/nats/connect.js';
import { type NatsHub, openHub } from '../../lib/nats/hub.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import type { Session } from '../../lib/nats/session.js';
import { bytes, recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';

let server: TestServer;
let session: Session;
let jetStream: JetStream;
let hubs = 0;
const freshName = (): string => `hub-${hubs++}`;

test.before(async () => {
  server = await startTestServer();
  session = await connectSession({ servers: server.url, logger: recordingLogger() });
  jetStream = new JetStream(session);
});

test.after.always(async () => {
  await session.close();
  await server.stop();
});

test('a hub is created with its streams and opened again as it is', async (t) => {
  const name = freshName();
  const created = await openHub(session, { name });
  t.deepEqual([created.partitions, created.replicas, created.name], [8, 1, name]);
  t.true(Math.abs(created.createdAt - session.clock.now()) < 60_000);
  const opened = await openHub(session, { name });
  t.deepEqual([opened.partitions, opened.createdAt], [8, created.createdAt]);
  const { config } = await jetStream.info(`PD-${name}-7-mail`);
  t.like(config, { retention: 'limits', discard: 'new', storage: 'file', max_age: 0, allow_direct: true });
  t.deepEqual(config['subjects'], [`pd.${name}.7.m.>`]);
});

test('creators that race end with one hub', async (t) => {
  const name = freshName();
  const open = Array.from({ length: 6 }, () => openHub(session, { name, partitions: 3 }));
  const created = new Set((await Promise.all(open)).map((hub) => hub.createdAt));
  t.is(created.size, 1);
});

test('of creators that race for different hubs one wins and the others are told', async (t) => {
  const name = freshName();
  const open = [1, 2, 3].map((partitions) => openHub(session, { name, partitions }));
  const outcomes = await Promise.allSettled(open);
  const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.partitions] : []));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  t.true(refused.every((error) => error instanceof ConfigError && error.message.startsWith('partitions: ')));
  t.deepEqual(won, [(await openHub(session, { name })).partitions]);
});

test('another number of partitions than the hub has is refused', async (t) => {
  const name = freshName();
  await openHub(session, { name, partitions: 2 });
  const error = await t.throwsAsync(openHub(session, { name, partitions: 4 }), { instanceOf: ConfigError });
  t.regex(error.message, /^partitions: .* created with 2 partitions, not 4/);
  t.is((await openHub(session, { name, partitions: 2 })).partitions, 2);
});

test('options that cannot be are refused', async (t) => {
  for (const partitions of [0, 1.5, 1025, NaN])
    await t.throwsAsync(openHub(session, { name: 'x', partitions }), { instanceOf: ConfigError });
  for (const name of ['', 'a.b', '*', 'a b'])
    await t.throwsAsync(openHub(session, { name }), { instanceOf: InvalidHubError });
  const error = await t.throwsAsync(openHub(session, { name: freshName(), replicas: 3 }), { instanceOf: ConfigError });
  t.regex(error.message, /refuses to create stream .*replicas/);
});

const changed = test.macro({
  title: (_, kind: string, field: string) => `a ${kind} stream with another ${field} is refused`,
  exec: async (t, kind: 'mail' | 'log' | 'state', field: string, change: object, want: unknown) => {
    const hub = await openHub(session, { name: freshName(), partitions: 1 });
    const stream = hub.subjects.partition(0).streamName(kind);
    const { config } = await jetStream.info(stream);
    const updated = await jetStream.ask(`STREAM.UPDATE.${stream}`, { ...config, ...change });
    t.is(updated.error, undefined);
    const error = await t.throwsAsync(openHub(session, { name: hub.name }), { instanceOf: StreamMismatchError });
    t.deepEqual([error.stream, error.field, error.want], [stream, field, want]);
    t.true(error.message.includes(stream) && error.message.includes(field));
  },
});
const hour = 3_600_000_000_000;
test(changed, 'log', 'max_age', { max_age: hour }, 0);
test(changed, 'log', 'discard', { discard: 'old' }, 'new');
test(changed, 'mail', 'duplicate_window', { duplicate_window: hour / 60 }, hour / 30);
test(changed, 'mail', 'max_msg_size', { max_msg_size: 1000 }, -1);
test(changed, 'state', 'max_msgs_per_subject', { max_msgs_per_subject: 5 }, 2);
test(changed, 'state', 'allow_rollup_hdrs', { allow_rollup_hdrs: false }, true);
test(changed, 'state', 'allow_direct', { allow_direct: false }, true);
test(changed, 'log', 'no_ack', { no_ack: true }, false);

test('a state stream of a build that let the server drop what is written over gets the settings of today', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 1 });
  const stream = hub.subjects.partition(0).streamName('state');
  const { config } = await jetStream.info(stream);
  const former = { ...config, max_msgs_per_subject: 1, allow_rollup_hdrs: false };
  await jetStream.demand(`STREAM.UPDATE.${stream}`, former);
  t.is((await jetStream.info(stream)).config['max_msgs_per_subject'], 1);
  t.is((await openHub(session, { name: hub.name })).createdAt, hub.createdAt);
  t.deepEqual((await jetStream.info(stream)).config, config);
});

test('a stream on other subjects, or in memory, is refused', async (t) => {
  const [name, other] = [freshName(), freshName()];
  await jetStream.demand(`STREAM.CREATE.PD-${name}-0-log`, { name: `PD-${name}-0-log`, subjects: [`${name}.x`] });
  const bySubjects = await t.throwsAsync(openHub(session, { name }), { instanceOf: StreamMismatchError });
  t.is(bySubjects.stream, `PD-${name}-0-log`);
  const hub = await openHub(session, { name: other, partitions: 1 });
  const stream = hub.subjects.partition(0).streamName('log');
  const { config } = await jetStream.info(stream);
  await jetStream.demand(`STREAM.DELETE.${stream}`);
  await jetStream.demand(`STREAM.CREATE.${stream}`, { ...config, storage: 'memory' });
  const byStorage = await t.throwsAsync(openHub(session, { name: other }), { instanceOf: StreamMismatchError });
  t.deepEqual([byStorage.field, byStorage.have, byStorage.want], ['storage', 'memory', 'file']);
});

test('limits of size and a longer window do no harm', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 1 });
  const stream = hub.subjects.partition(0).streamName('mail');
  const { config } = await jetStream.info(stream);
  const change = { max_bytes: 1_000_000_000, max_msgs: 1_000_000, duplicate_window: hour, description: 'ours' };
  await jetStream.demand(`STREAM.UPDATE.${stream}`, { ...config, ...change });
  t.is((await openHub(session, { name: hub.name })).createdAt, hub.createdAt);
});

test('a stream that is gone or was created anew is a loss and is not made good', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 1 });
  const stream = hub.subjects.partition(0).streamName('log');
  const { config } = await jetStream.info(stream);
  await jetStream.demand(`STREAM.DELETE.${stream}`);
  const open = (): Promise<NatsHub> => openHub(session, { name: hub.name });
  const gone = await t.throwsAsync(open(), { instanceOf: StorageRegressedError });
  t.true(gone.message.includes(`${stream} of task hub ${hub.name} is gone`));
  await jetStream.demand(`STREAM.CREATE.${stream}`, config);
  const another = await t.throwsAsync(open(), { instanceOf: StorageRegressedError });
  t.true(another.message.includes(`${stream} was deleted and created again`));
});

test('a stream that a server of a cluster does not know yet is no loss', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 1 });
  const subject = `STREAM.INFO.${hub.subjects.partition(0).streamName('log')}`;
  let unknown = 3;
  const isUnknown = ([asked]: readonly unknown[]): boolean => asked === subject && unknown-- > 0;
  const { prototype } = JetStream;
  const demand = Reflect.get(prototype, 'demand') as (...request: unknown[]) => unknown;
  t.teardown(() => Reflect.set(prototype, 'demand', demand));
  Reflect.set(prototype, 'demand', function (this: JetStream, ...request: unknown[]) {
    return isUnknown(request) ? Promise.resolve(undefined) : demand.apply(this, request);
  });
  t.is((await openHub(session, { name: hub.name })).createdAt, hub.createdAt);
  t.is(unknown, -1);
});

test('a hub whose creation was interrupted is completed', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 2 });
  const entry = await hub.store.get('hub');
  await hub.store.put('hub', bytes(JSON.stringify({ v: 1, partitions: 2, createdAt: 7 })), entry?.revision ?? 0);
  await jetStream.demand(`STREAM.DELETE.${hub.subjects.partition(1).streamName('state')}`);
  const completed = await openHub(session, { name: hub.name });
  t.deepEqual([completed.partitions, completed.createdAt], [2, 7]);
  t.is((await jetStream.info(hub.subjects.partition(1).streamName('state'))).state.messages, 0);
});

test('a hub that was created before a stream existed gets it, once', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 1 });
  const { tasksStream } = hub.subjects;
  const entry = await hub.store.get('hub');
  const record = JSON.parse(new TextDecoder().decode(entry?.value)) as { streams: Record<string, string> };
  t.true(tasksStream in record.streams);
  const { [tasksStream]: _, ...streams } = record.streams;
  await hub.store.put('hub', bytes(JSON.stringify({ ...record, streams })), entry?.revision ?? 0);
  await jetStream.demand(`STREAM.DELETE.${tasksStream}`);
  await openHub(session, { name: hub.name });
  const { created, config } = await jetStream.info(tasksStream);
  t.is(config['retention'], 'workqueue');
  const recorded = JSON.parse(new TextDecoder().decode((await hub.store.get('hub'))?.value)) as typeof record;
  t.is(recorded.streams[tasksStream], created);
  await jetStream.demand(`STREAM.DELETE.${tasksStream}`);
  const gone = await t.throwsAsync(openHub(session, { name: hub.name }), { instanceOf: StorageRegressedError });
  t.true(gone.message.includes(`${tasksStream} of task hub ${hub.name} is gone`));
});

test('a hub whose record cannot be read is refused, and the record is left as it is', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 1 });
  const entry = await hub.store.get('hub');
  const revision = await hub.store.put('hub', bytes('garbage'), entry?.revision ?? 0);
  const error = await t.throwsAsync(openHub(session, { name: hub.name }), { instanceOf: CorruptHistoryError });
  t.is(error.message, `The record of task hub ${hub.name} cannot be read: not JSON`);
  t.is((await hub.store.get('hub'))?.revision, revision);
});

test('a hub of a newer format is refused', async (t) => {
  const hub = await openHub(session, { name: freshName(), partitions: 1 });
  const entry = await hub.store.get('hub');
  await hub.store.put('hub', bytes(JSON.stringify({ v: 2 })), entry?.revision ?? 0);
  await t.throwsAsync(openHub(session, { name: hub.name }), { instanceOf: VersionTooNewError });
});

test('a stream whose store cannot be made yet is asked for again, and told when it cannot be made at all', async (t) => {
  const asking = await connectSession({ servers: server.url, logger: recordingLogger() });
  const { requests } = asking;
  const send = requests.send.bind(requests);
  let failures = 2;
  // What a real server says while it still creates or deletes a stream of the name, or when its disk fails.
  const description = 'error creating store for stream';
  const failed = bytes(JSON.stringify({ error: { code: 500, err_code: 10049, description } }));
  requests.send = (subject, ...rest) =>
    subject.includes('STREAM.CREATE') && failures-- > 0
      ? Promise.resolve({ data: failed } as Awaited<ReturnType<typeof send>>)
      : send(subject, ...rest);
  t.is((await openHub(asking, { name: freshName(), partitions: 1 })).partitions, 1);
  failures = Infinity;
  const name = freshName();
  const error = await t.throwsAsync(openHub(asking, { name, partitions: 1 }), { instanceOf: ConfigError });
  t.is(error.message, `The server refuses to create stream KV_PD-${name}: ${description}`);
  await asking.close();
});
