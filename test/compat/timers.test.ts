import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { TimerClaims } from '../../lib/compat/host/timer-claims.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { funcStart, temporaryFolder } from './func.js';

const app = `
const { app } = require('@azure/functions');
app.get('here', () => ({}));
app.timer('often', {
  schedule: '* * * * * *',
  handler: (timer, context) => context.log('due', timer.scheduleStatus.lastUpdated),
});
app.timer('daily', {
  schedule: '0 0 3 * * *',
  handler: (timer, context) => context.log('daily', timer.isPastDue, timer.scheduleStatus.last),
});
`;

test('of several hosts one runs a timer at each of its times, and a time that was missed is made up for', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'package.json'), '{"main":"src/index.js"}');
  await writeFile(join(folder, 'src/index.js'), app);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'TestHubName', servers: server.url });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  const last = '2026-01-01T03:00:00.000Z';
  const worker = await TaskHubWorker.start(hub, { entities: [TimerClaims] });
  t.true((await client.callEntity(TimerClaims, 'daily').claim({ due: last })).isClaimed);
  await worker.stop();
  const first = await funcStart(t, folder, ['--server', server.url]);
  const second = await funcStart(t, folder, ['--server', server.url]);
  const madeUpFor = () => [first, second].filter(({ run }) => run.stdout().includes(`daily: daily true ${last}`));
  await until(() => madeUpFor().length > 0, 'the missed time to be made up for', 60);

  const due = (text: string) => Array.from(text.matchAll(/often: due (\S+)/g), ([, time]) => time!);
  const all = () => [first, second].flatMap(({ run }) => due(run.stdout()));
  const before = all().length;
  await until(() => all().length >= before + 4, 'the times to come');
  for (const { run } of [first, second]) run.child.kill('SIGTERM');
  for (const { run } of [first, second]) t.is(await run.ended, 0, run.stderr());
  t.is(new Set(all()).size, all().length);
  t.is(madeUpFor().length, 1);
});
