import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { outcome, perdure } from './perdure.js';

/** What is created and deleted is in test/nats/hub-administration.test.ts. */

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

const hub = (t: ExecutionContext, ...args: string[]) => outcome(perdure(t, ['hub', ...args], { NATS_URL: server.url }));

interface Stored {
  readonly name: string;
  readonly partitions: number;
  readonly workers: readonly string[];
  readonly streams: readonly { readonly name: string; readonly messages: number }[];
}

test('a task hub is created with its partitions, shown as it is stored, and deleted', async (t) => {
  const created = await hub(t, 'create', 'bank', '--partitions', '3');
  t.deepEqual([created.code, created.stderr], [0, '']);
  t.regex(created.stdout, /^hub: +bank\npartitions: +3\ncreated: +\d{4}-\S+Z\nworkers: +none\nSTREAM +MESSAGES /);
  t.regex(created.stdout, /^PD-bank-2-log +0 +0 +1$/m);
  const shown = await hub(t, 'show', 'bank', '--json');
  const stored = JSON.parse(shown.stdout) as Stored;
  t.like(stored, { name: 'bank', partitions: 3, workers: [] });
  t.is(stored.streams.length, 13);
  t.is((await hub(t, 'create', 'bank')).stdout, created.stdout, 'it is there already');
  t.deepEqual(await hub(t, 'delete', 'bank', '--yes'), { code: 0, stdout: 'Deleted: bank\n', stderr: '' });
  const gone = await hub(t, 'show', 'bank', '--json');
  t.deepEqual([gone.code, gone.stdout], [1, '']);
  t.like(JSON.parse(gone.stderr), { error: { code: 'PERDURE_CONFIG' } });
  t.deepEqual(await hub(t, 'delete', 'bank', '--yes'), {
    code: 3,
    stdout: '',
    stderr: 'error: There is no task hub bank.\n',
  });
});

test('nothing is deleted without --yes, nor while workers live without --force', async (t) => {
  const opened = await connectTaskHub({ name: 'used', servers: server.url, partitions: 1, logger: recordingLogger() });
  t.teardown(() => opened.close());
  const worker = await TaskHubWorker.start(opened, { entities: [Counter] });
  const unsaid = await hub(t, 'delete', 'used');
  t.deepEqual([unsaid.code, unsaid.stdout], [2, '']);
  t.regex(unsaid.stderr, /deleted only with --yes/);
  const inUse = await hub(t, 'delete', 'used', '--yes');
  t.deepEqual([inUse.code, inUse.stdout], [1, '']);
  t.regex(inUse.stderr, /^PERDURE_CONFIG: Task hub used is in use: /);
  const { workers } = JSON.parse((await hub(t, 'show', 'used', '--json')).stdout) as Stored;
  t.is(workers.length, 1);
  t.regex((await hub(t, 'show', 'used')).stdout, new RegExp(`^workers: +${workers[0]}$`, 'm'));
  await worker.stop();
  t.is((await hub(t, 'delete', 'used', '--yes')).code, 0);
});

test('--force deletes what workers use', async (t) => {
  const opened = await connectTaskHub({
    name: 'forced',
    servers: server.url,
    partitions: 1,
    logger: recordingLogger(),
  });
  t.teardown(() => opened.close());
  const worker = await TaskHubWorker.start(opened, { entities: [Counter], stopTimeoutInMilliseconds: 0 });
  t.teardown(() => worker.stop());
  t.is((await hub(t, 'delete', 'forced', '--yes', '--force')).code, 0);
  t.is((await hub(t, 'show', 'forced')).code, 1);
});

test('numbers and names that cannot be are refused before anything is made', async (t) => {
  for (const args of [
    ['--partitions', '0'],
    ['--partitions', 'many'],
    ['--replicas', '6'],
  ])
    t.is((await hub(t, 'create', 'odd', ...args)).code, 2, args.join(' '));
  t.regex((await hub(t, 'create', 'a.b')).stderr, /^PERDURE_INVALID_HUB: /);
  t.is((await hub(t, 'show', 'odd')).code, 1);
});
