import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { Counter } from '../engine/bank.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { outcome, perdure, type Run } from './perdure.js';

const script = fileURLToPath(new URL('worker-script.js', import.meta.url));

/** The processes that have started, and those that have stopped in good order. */
const pidsIn = (run: Run, word: string): readonly number[] =>
  Array.from(run.stdout().matchAll(new RegExp(`^${word} (\\d+)$`, 'gm')), ([, pid]) => Number(pid));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The command, when both its processes have started a worker. */
async function twoProcesses(t: ExecutionContext) {
  t.timeout(120_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const run = perdure(t, ['worker', script, '--processes', '2', '--', server.url]);
  await until(() => pidsIn(run, 'pid').length === 2, 'two processes');
  return { server, run };
}

test('several processes share the partitions, one that dies is started again, and all stop in good order', async (t) => {
  const { server, run } = await twoProcesses(t);
  const hub = await connectTaskHub({ name: 'supervised', servers: server.url });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  const owners = async (): Promise<number> =>
    new Set((await client.inspect()).map(({ worker }) => worker).filter((worker) => worker !== undefined)).size;
  await until(async () => (await owners()) === 2, 'both to own partitions', 60);
  const [first] = pidsIn(run, 'pid');
  process.kill(first!, 'SIGKILL');
  await until(() => pidsIn(run, 'pid').length === 3, 'another process');
  t.regex(run.stderr(), /^Process [12] ended with SIGKILL; it is started again in 250 ms\.$/m);
  await until(async () => (await owners()) === 2, 'the new one to own partitions', 60);
  await client.signalEntity(Counter, 'k').add('x');
  run.child.kill('SIGINT');
  t.is(await run.ended, 0);
  t.is(pidsIn(run, 'stopped').length, 2);
  t.false(pidsIn(run, 'pid').some(isAlive));
});

test('when the supervisor is killed its processes stop in good order', async (t) => {
  const { run } = await twoProcesses(t);
  run.child.kill('SIGKILL');
  await until(() => !pidsIn(run, 'pid').some(isAlive), 'the processes to end', 30);
  t.is(pidsIn(run, 'stopped').length, 2);
});

test('a script that cannot run is given up, one that ends is not started again', async (t) => {
  const failed = await outcome(perdure(t, ['worker', script, '--processes', '1', 'none', 'fail']));
  t.is(failed.code, 1);
  t.regex(
    failed.stderr,
    /PERDURE_CONFIG: Process 1 ended with code 1, 5 times in a row: the script does not work as it is/,
  );
  t.regex(failed.stderr, /It cannot run\./);
  const ended = await outcome(perdure(t, ['worker', script, '--processes', '2', 'none', 'end']));
  t.deepEqual([ended.code, ended.stderr], [0, '']);
});

test('a process of a worker has a heap of about 1 GiB at most, whatever the machine has, unless Node.js is told otherwise', async (t) => {
  const MiB = 1024 * 1024;
  const limitOf = async (env: NodeJS.ProcessEnv): Promise<number> => {
    const { stdout } = await outcome(perdure(t, ['worker', script, '--processes', '1', 'none', 'end'], env));
    return Number(/^heap (\d+)$/m.exec(stdout)?.[1]);
  };
  const limit = await limitOf({});
  t.true(limit >= 1_024 * MiB && limit < 1_200 * MiB, `${limit}`);
  const own = await limitOf({ NODE_OPTIONS: '--max-old-space-size=300' });
  t.true(own >= 300 * MiB && own < 450 * MiB, `${own}`);
});

test('a script that is not there, and a number that is none, are told', async (t) => {
  const missing = await outcome(perdure(t, ['worker', 'nowhere.js']));
  t.is(missing.code, 1);
  t.regex(missing.stderr, /^PERDURE_CONFIG: There is no file .*nowhere\.js\.\n$/);
  t.is((await outcome(perdure(t, ['worker', script, '--processes', '0']))).code, 2);
});
