import test from 'ava';
import { until } from '../until.js';
import { funcStart, polled, started, temporaryFolder } from './func.js';

test('orchestrations go on where they stood after their host was killed, twice', async (t) => {
  const folder = await temporaryFolder(t);
  const ids = ['a', 'b', 'c', 'd'];
  const first = await funcStart(t, 'patterns', ['--folder', folder]);
  await Promise.all(ids.map((id) => started(first.origin, `longRunning/${id}`)));
  first.run.child.kill('SIGKILL');
  await first.run.ended;

  const second = await funcStart(t, 'patterns', ['--folder', folder]);
  const api = (origin: string, path: string) => `${origin}/runtime/webhooks/durabletask/instances/${path}`;
  const raise = (id: string) =>
    fetch(api(second.origin, `${id}/raiseEvent/Go`), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(`go ${id}`),
    });
  await until(
    async () => (await Promise.all(ids.map(raise))).every(({ status }) => status === 202),
    'the events to be taken',
    60,
  );
  second.run.child.kill('SIGKILL');
  await second.run.ended;

  const third = await funcStart(t, 'patterns', ['--folder', folder]);
  for (const id of ids) {
    const { body } = await polled(api(third.origin, id));
    t.is(body.runtimeStatus, 'Completed');
    const steps = [0, 1, 2, 3, 4, 5].map((step) => `Hello, step ${step}!`);
    t.deepEqual(body.output, [...steps.slice(0, 3), 5, `go ${id}`, ...steps.slice(3)]);
  }
});
