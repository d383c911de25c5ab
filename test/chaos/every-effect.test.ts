import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { amount } from '../amount.js';
import { removeHub } from '../hub-removal.js';
import { startTestServer, type TestServer } from '../servers.js';
import { failingAt, type Failure, type Moment } from './dying-ports.js';
import { effectPrograms, type EffectProgram } from './effect-programs.js';
import { hostedByService } from './service-classes.js';
import { ServiceProcess } from './service-process.js';

/** Every so manieth effect in a slice, in one of the ways; all of them in all ways under `npm run verify`. */
const stride = { fails: amount(7, 1), dies: amount(23, 1) };
const moments: readonly Moment[] = ['before', 'sent', 'answered'];
const failures: readonly Failure[] = ['lost', 'unanswered'];

function waysOf<T>(ways: readonly T[], run: number): readonly T[] {
  return amount(1, ways.length) > 1 ? ways : [ways[run % ways.length]!];
}

let server: TestServer;
let hubs = 0;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

async function connect(t: ExecutionContext, name = `effects-${hubs++}`): Promise<TaskHub> {
  const hub = await connectTaskHub({ name, servers: server.url, partitions: 2, logger: recordingLogger() });
  t.teardown(() => hub.close());
  return hub;
}

async function check(t: ExecutionContext, program: EffectProgram, outcome: unknown, client: TaskHubClient, at: string) {
  t.deepEqual(outcome, program.outcome, at);
  t.deepEqual(await program.state(client), program.finalState, at);
}

/** One run whose n-th write fails; how many writes there were. */
async function runFailing(t: ExecutionContext, program: EffectProgram, n: number, failure: Failure): Promise<number> {
  const hub = await connect(t);
  const failing = failingAt(hub.ports, n, failure);
  const worker = await TaskHubWorker.start(failing, hostedByService());
  const client = new TaskHubClient(hub);
  await check(t, program, await program.run(client, hub), client, `write ${n} is ${failure}`);
  await worker.stop();
  await client.close();
  await hub.close();
  await removeHub(server, hub.name);
  return failing.writes;
}

/** One run of a process that dies at its n-th write, and of another that goes on; whether it lived on unharmed. */
async function runDying(t: ExecutionContext, program: EffectProgram, n: number, moment: Moment): Promise<boolean> {
  const at = `killed at write ${n} (${moment})`;
  const hub = await connect(t);
  const client = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });
  const first = new ServiceProcess(server.url, hub.name, { write: n, moment });
  const outcome = program.run(client, hub);
  // One that has done all it was asked for is stopped, and writes some more.
  void outcome.then(() => first.stop());
  const end = await first.ended;
  const second = new ServiceProcess(server.url, hub.name);
  await check(t, program, await outcome, client, at);
  // It may not have got as far as to listen when the first one has done everything.
  t.true([0, 'SIGTERM'].includes(await second.stop()), second.errors);
  t.true(end === 'SIGKILL' || end === 0, `${at}: it ended with ${end}: ${first.errors}`);
  await client.close();
  await hub.close();
  await removeHub(server, hub.name);
  return end === 0;
}

for (const program of effectPrograms) {
  test.serial(`C4: ${program.name}: each write that fails is made good, whatever became of it`, async (t) => {
    t.timeout(1_200_000);
    let [n, runs] = [1, 0];
    for (let isOver = false; !isOver; n += stride.fails, runs++)
      for (const failure of waysOf(failures, runs)) isOver = (await runFailing(t, program, n, failure)) < n || isOver;
    t.log(`${runs - 1} of about ${n} writes failed`);
    t.true(n > 10);
  });

  test.serial(
    `C4: ${program.name}: a process killed with -9 at each of its writes loses nothing and repeats nothing`,
    async (t) => {
      t.timeout(1_800_000);
      let [n, runs] = [1, 0];
      for (let isOver = false; !isOver; n += stride.dies, runs++) {
        const unharmed = await Promise.all(waysOf(moments, n).map((moment) => runDying(t, program, n, moment)));
        isOver = unharmed.some((lived) => lived);
      }
      t.log(`killed at ${runs - 1} writes, at every ${stride.dies}. of about ${n} writes`);
      t.true(runs > 2);
    },
  );
}
