import test from 'ava';
import { connectSession } from '../../lib/nats/connect.js';
import { openHub } from '../../lib/nats/hub.js';
import { natsHubPorts } from '../../lib/nats/hub-ports.js';
import { bytes, recordingLogger } from '../contract/harness.js';
import { startTestServer } from '../servers.js';

const COUNT = 100;

test('what was written over does not come back when the server is killed behind the removal of its last message', async (t) => {
  t.timeout(60_000);
  const server = await startTestServer();
  const session = await connectSession({ servers: server.url, logger: recordingLogger() });
  t.teardown(async () => {
    await session.close();
    await server.stop();
  });
  const ports = natsHubPorts(await openHub(session, { name: 'removed', partitions: 1 }), recordingLogger());
  const [views, names] = [ports.viewsOf(0), ports.subjects.partition(0)];
  const subjects = Array.from({ length: COUNT }, (_, n) => names.head(`o.i${n}`));
  const written = async (subject: string, versions: number): Promise<number> => {
    let last = 0;
    for (let version = 0; version < versions; version++)
      last = (await views.write(subject, bytes(`version ${version}`), last)) ?? NaN;
    return last;
  };
  const last = await Promise.all(subjects.map((subject, n) => written(subject, 1 + (n % 4))));
  await Promise.all(subjects.map(async (subject, n) => n % 5 > 0 && (await views.remove(subject, last[n]!))));
  await server.killAndRestart();
  await session.whenConnected();
  const there: string[] = [];
  for await (const subject of views.subjects(names.heads)) there.push(subject);
  const left = subjects.filter((_, n) => n % 5 === 0);
  t.deepEqual(there.toSorted(), left.toSorted());
  for (const [n, subject] of subjects.entries()) if (n % 5 === 0) t.is((await views.read(subject))?.sequence, last[n]);
});
