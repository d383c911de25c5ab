import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, OrchestrationContext, TaskHubClient, TaskHubWorker, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Counter } from '../../samples/counter/counter.js';
import type { PartitionDiagnosis } from '../../lib/engine/diagnosis.js';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import type { ServerReport } from '../../lib/nats/server-report.js';
import type { ResetRecord } from '../../lib/wire/record.js';
import { recordingLogger } from '../contract/harness.js';
import { startBareServer } from '../nats/bare-server.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';

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

@Orchestrator('patient')
class Patient {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.waitForExternalEvent<string>('word');
  }
}

/** Waits for an activity of a work queue that nobody serves. */
@Orchestrator('sender')
class Sender {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callActivity('elsewhere', undefined, { queue: 'far' });
  }
}

const hosted = { entities: [Counter], orchestrators: [Patient, Sender], stopTimeoutInMilliseconds: 0 };

/** A hub of two partitions in which something was done and something waits, without a worker. */
async function worked(t: ExecutionContext) {
  t.timeout(120_000);
  const name = `ill-${hubs++}`;
  const open = () => connectTaskHub({ name, servers: server.url, partitions: 2, logger: recordingLogger() });
  const hub = await open();
  const worker = await TaskHubWorker.start(hub, hosted);
  const client = new TaskHubClient(hub);
  for (const key of ['a', 'b', 'c', 'd']) await client.callEntity(Counter, key).add({ by: 1 });
  for (let i = 0; i < 8; i++) await client.startNew(Patient, undefined, { instanceId: `p${i}` });
  await client.startNew(Sender, undefined, { instanceId: 'sender' });
  await until(async () => (await operator.info(`PD-${name}-tasks`)).state.messages === 2, 'its request to be queued');
  await client.callEntity(Counter, 'a').add({ by: 1 });
  await client.close();
  await worker.stop();
  await hub.close();
  const doctor = (...args: readonly string[]) => perdureHere(['doctor', name, '--servers', server.url, ...args]);
  return { name, open, doctor };
}

type Worked = Awaited<ReturnType<typeof worked>>;

/** The hub is refused; then its loss is accepted, and everything works again. */
async function acceptedAndWell(t: ExecutionContext, { open, doctor, name }: Worked, stream: string) {
  const refused = await t.throwsAsync(
    open().then(async (hub) => {
      t.teardown(() => hub.close());
      return TaskHubWorker.start(hub, hosted);
    }),
  );
  t.regex((refused as Error & { code: string }).code, /STORAGE_REGRESSED|CORRUPT_HISTORY/);
  const found = await doctor();
  t.is(found.code, 1, found.stdout);
  t.true(found.stdout.includes(`lost: ${stream}: `), found.stdout);
  t.regex(found.stderr, /^PERDURE_STORAGE_REGRESSED: .*perdure doctor ill-\d+ --accept-loss/);
  const { partitions } = JSON.parse((await doctor('--json')).stdout) as { partitions: PartitionDiagnosis[] };
  t.is(partitions.flatMap(({ losses }) => losses).filter((loss) => loss.stream === stream).length > 0, true);

  const accepted = await doctor('--accept-loss');
  t.is(accepted.code, 0, accepted.stderr);
  t.regex(accepted.stdout, /^partition 0: the loss is accepted, in epoch \d+\n {2}lost: PD-/m);
  const well = await doctor();
  t.is(well.code, 0, well.stdout);
  t.is(well.stdout.match(/^partition \d: whole/gm)?.length, 2, well.stdout);

  const hub = await open();
  t.teardown(() => hub.close());
  const worker = await TaskHubWorker.start(hub, hosted);
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  for (const key of ['a', 'b', 'c', 'd']) t.is(await client.callEntity(Counter, `new ${key}`).add({ by: 1 }), 1);
  for (let i = 0; i < 4; i++) {
    const handle = await client.startNew(Patient, undefined, { instanceId: `new${i}` });
    await handle.raiseEvent('word', 'said');
    t.is(await handle.result(), 'said');
  }
  await worker.stop();
  const again = await TaskHubWorker.start(hub, hosted);
  t.teardown(() => again.stop());
  t.is(await client.callEntity(Counter, 'new a').get(), 1, name);
  return { accepted, client };
}

async function recreate(stream: string): Promise<void> {
  const { config } = await operator.info(stream);
  await operator.demand(`STREAM.DELETE.${stream}`);
  await operator.demand(`STREAM.CREATE.${stream}`, config);
}

test('doctor finds a hub whole, with and without a worker, and writes nothing', async (t) => {
  const { name, open, doctor } = await worked(t);
  const streams = [0, 1].flatMap((p) => ['mail', 'log', 'state'].map((kind) => `PD-${name}-${p}-${kind}`));
  const ends = () => Promise.all(streams.map(async (stream) => (await operator.info(stream)).state.last_seq));
  const before = await ends();
  const { code, stdout, stderr } = await outcome(perdure(t, ['doctor', name, '--servers', server.url]));
  t.is(code, 0, stdout);
  t.is(stderr, '');
  t.regex(stdout, /^partition 0: whole, lease released by \S+\n {2}epoch \d+; the log ends at record \d+, /);
  t.deepEqual(await ends(), before);
  t.is((await doctor('--accept-loss')).stdout, 'Nothing is lost in a partition.\n');
  t.deepEqual(await ends(), before);
  const hub = await open();
  t.teardown(() => hub.close());
  const worker = await TaskHubWorker.start(hub, hosted);
  t.is((await doctor('--partition', '1')).code, 0);
  t.is((await doctor('--partition', '2')).code, 1);
  await worker.stop();
});

test('a task hub that does not exist is told by doctor, and is not created', async (t) => {
  const { code, stderr } = await outcome(perdure(t, ['doctor', 'nowhere', '--servers', server.url]));
  t.is(code, 1);
  t.regex(stderr, /^PERDURE_CONFIG: There is no task hub nowhere/);
});

for (const kind of ['log', 'state'] as const)
  test(`P12: a ${kind} stream that was purged is accepted`, async (t) => {
    const around = await worked(t);
    await operator.demand(`STREAM.PURGE.PD-${around.name}-0-${kind}`);
    const { accepted, client } = await acceptedAndWell(t, around, `PD-${around.name}-0-${kind}`);
    if (kind === 'state') return;
    const failed = accepted.stdout.match(/failed: o\.(\S+)/)?.[1];
    t.truthy(failed, accepted.stdout);
    const status = await client.getHandle(failed!).status();
    t.is(status?.runtimeStatus, 'Failed');
    await t.throwsAsync(client.getHandle(failed!).result(), { message: /accepted/ });
  });

for (const kind of ['mail', 'log', 'state'] as const) {
  test(`P12: a ${kind} stream that was deleted and created again is accepted`, async (t) => {
    const around = await worked(t);
    await recreate(`PD-${around.name}-0-${kind}`);
    await acceptedAndWell(t, around, `PD-${around.name}-0-${kind}`);
  });
  test(`P12: a ${kind} stream that was deleted is accepted`, async (t) => {
    const around = await worked(t);
    await operator.demand(`STREAM.DELETE.PD-${around.name}-0-${kind}`);
    await acceptedAndWell(t, around, `PD-${around.name}-0-${kind}`);
  });
}

test('P12: work queues and an object store that were deleted are accepted', async (t) => {
  const around = await worked(t);
  await operator.demand(`STREAM.DELETE.PD-${around.name}-tasks`);
  await operator.demand(`STREAM.DELETE.OBJ_PD-${around.name}-values`);
  await acceptedAndWell(t, around, `PD-${around.name}-tasks`);
});

test('P12: work queues and an object store that were purged are accepted, and who waits for what was queued is told', async (t) => {
  const around = await worked(t);
  await operator.demand(`STREAM.PURGE.PD-${around.name}-tasks`);
  await operator.demand(`STREAM.PURGE.OBJ_PD-${around.name}-values`);
  const { client } = await acceptedAndWell(t, around, `PD-${around.name}-tasks`);
  await t.throwsAsync(client.getHandle('sender').result(), { message: /accepted/ });
  await operator.demand(`STREAM.PURGE.PD-${around.name}-tasks`);
  await t.throwsAsync(around.open(), { code: 'PERDURE_STORAGE_REGRESSED' }, 'what was accepted is marked anew');
});

test('P12: with --json what was given up is printed as its record says it', async (t) => {
  const { name, doctor } = await worked(t);
  await operator.demand(`STREAM.PURGE.PD-${name}-1-log`);
  const { code, stdout } = await doctor('--accept-loss', '--partition', '1', '--json');
  t.is(code, 0);
  const { accepted } = JSON.parse(stdout) as { accepted: Record<string, ResetRecord> };
  t.deepEqual(Object.keys(accepted), ['1']);
  t.like(accepted['1'], { v: 1, type: 'reset', gaveUp: { removed: [] } });
  const { last_seq } = (await operator.info(`PD-${name}-1-log`)).state;
  const last = await operator.get(`PD-${name}-1-log`, { seq: last_seq });
  t.deepEqual(JSON.parse(new TextDecoder().decode(last!.body)), accepted['1']);
});

test('doctor tells the version of the server, how it writes to the disk, the clock and what the login may do', async (t) => {
  const { name, doctor } = await worked(t);
  const { stdout } = await doctor();
  t.regex(stdout, /^server: nats-server \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+; 2\.12\.0 or newer is needed/m);
  t.regex(stdout, /^ {2}disk: not known: --monitor /m);
  t.regex(stdout, /^ {2}clock: \d{1,3} ms (?:ahead of|behind) that of this machine$/m);
  t.regex(
    stdout,
    /^ {2}permissions: read the streams, yes; remove messages, yes; make consumers, yes; change streams, yes$/m,
  );
  const { server: report } = JSON.parse((await doctor('--monitor', server.monitorUrl, '--json')).stdout) as {
    server: ServerReport;
  };
  t.like(report, { syncsAlways: false, permissions: { remove: true, consume: true, manage: true } });
  t.true(Math.abs(report.clockAhead) < 1_000, 'one machine');
  const wrong = await doctor('--monitor', 'localhost');
  t.deepEqual([wrong.code, wrong.stdout], [1, '']);
  t.regex(wrong.stderr, /^PERDURE_CONFIG: monitor: /);
  t.regex((await doctor('--monitor', 'http://127.0.0.1:1')).stdout, /^ {2}disk: not known/m, name);
});

for (const [interval, said] of [
  ['2m', 'NOT SYNCED at each message: a power cut loses what was acknowledged last.'],
  ['always', 'each message is synced before it is acknowledged'],
] as const)
  test(`doctor tells of a server whose sync_interval is ${interval}, and of a login that may not change streams`, async (t) => {
    const port = await freePort();
    const reader = '{ user: reader, password: r, permissions: { publish: { deny: ["$JS.API.STREAM.UPDATE.>"] } } }';
    const lax = await startBareServer(
      (folder) =>
        `jetstream { store_dir: "${folder}", sync_interval: ${interval} }\nhttp: "127.0.0.1:${port}"\n` +
        `authorization { users: [ { user: all, password: a }, ${reader} ] }`,
    );
    t.teardown(() => lax.stop());
    const hub = await connectTaskHub({ name: 'lax', servers: `nats://all:a@${lax.address}`, partitions: 1 });
    await hub.close();
    const as = ['--server', `nats://reader:r@${lax.address}`, '--monitor', `http://127.0.0.1:${port}`];
    const { code, stdout, stderr } = await perdureHere(['doctor', 'lax', ...as]);
    t.is(code, 0, stderr);
    t.true(stdout.includes(`  disk: ${said}`), stdout);
    t.regex(stdout, /; remove messages, yes; make consumers, yes; change streams, no$/m);
    t.false(stdout.includes('reader:r'), 'no secrets');
  });

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
