import test from 'ava';
import { outcome } from '../cli/perdure.js';
import { funcStart, polled, temporaryFolder } from './func.js';

test('a hello sequence is started over HTTP, and its status is polled until there is the output', async (t) => {
  const { run, origin } = await funcStart(t, 'hello', ['--folder', await temporaryFolder(t)]);
  const listed = run
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('\t'));
  t.deepEqual(listed, [
    `\thelloHttpStart: [GET,POST] ${origin}/api/orchestrators/{orchestratorName}`,
    '\thello: activityTrigger',
    '\thelloOrchestrator: orchestrationTrigger',
  ]);
  t.regex(run.stderr(), /host\.json: these settings have no effect here: .*storageProvider\.controlQueueBatchSize/);
  const response = await fetch(`${origin}/api/orchestrators/helloOrchestrator`, { method: 'POST', body: 'someone' });
  t.is(response.status, 202);
  t.is(response.headers.get('content-type'), 'application/json');
  t.is(response.headers.get('retry-after'), '10');
  const payload = (await response.json()) as Record<string, string>;
  const { id } = payload;
  const base = `${origin}/runtime/webhooks/durabletask/instances/${id}`;
  t.deepEqual(payload, {
    id: id!,
    statusQueryGetUri: `${base}?taskHub=HelloHub&connection=nats`,
    sendEventPostUri: `${base}/raiseEvent/{eventName}?taskHub=HelloHub&connection=nats`,
    terminatePostUri: `${base}/terminate?reason={text}&taskHub=HelloHub&connection=nats`,
    rewindPostUri: `${base}/rewind?reason={text}&taskHub=HelloHub&connection=nats`,
    purgeHistoryDeleteUri: `${base}?taskHub=HelloHub&connection=nats`,
    restartPostUri: `${base}/restart?taskHub=HelloHub&connection=nats`,
    suspendPostUri: `${base}/suspend?reason={text}&taskHub=HelloHub&connection=nats`,
    resumePostUri: `${base}/resume?reason={text}&taskHub=HelloHub&connection=nats`,
  });
  t.is(response.headers.get('location'), payload['statusQueryGetUri']!);
  const { status, body } = await polled(payload['statusQueryGetUri']!);
  t.is(status, 200);
  const { createdTime, lastUpdatedTime, ...rest } = body;
  t.deepEqual(rest, {
    name: 'helloOrchestrator',
    instanceId: id!,
    runtimeStatus: 'Completed',
    input: 'someone',
    customStatus: null,
    output: ['Hello, Tokyo', 'Hello, Seattle', 'Hello, Cairo'],
  });
  for (const time of [createdTime, lastUpdatedTime]) t.regex(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  t.regex(run.stdout(), new RegExp(`helloHttpStart: Started orchestration with ID = '${id}'\\.`));
  run.child.kill('SIGTERM');
  t.is((await outcome(run)).code, 0);
});
