import test from 'ava';
import { until } from '../until.js';
import { asynchronousServer } from './asynchronous-server.js';
import { funcStart, polled, started, temporaryFolder, type StatusBody } from './func.js';

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

/** What each style gives, whether its host was killed between its halves or not. */
const outputs: Readonly<Record<string, unknown>> = {
  halfSequence: ['Hello, first!', 'go', 'Hello, second!'],
  halfFanOut: [2, 'go', 4, 6],
  halfChild: ['Hello, first!', 'go', 'Hello, second!'],
  halfTimer: true,
  halfRace: [true, 'go', true],
  halfRetries: 'late enough',
  halfMonitor: 'late enough',
  halfEntity: 7,
  halfLock: [3, true, false],
  halfEternal: [true, 'over'],
  halfEvents: [1, 'go', 2],
  halfHttp: [200, '{"done":true}'],
};

test('every style gives the same when its host is killed in the middle', async (t) => {
  const folder = await temporaryFolder(t);
  const jobs = await asynchronousServer(t, Infinity);
  const names = Object.keys(outputs);
  const api = (origin: string, path: string) => `${origin}/runtime/webhooks/durabletask/instances/${path}`;
  const raise = async (origin: string, id: string, event: string, data: unknown): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(data);
    return (await fetch(api(origin, `${id}/raiseEvent/${event}`), { method: 'POST', headers, body })).status;
  };
  const first = await funcStart(t, 'patterns', ['--folder', folder]);
  await Promise.all(
    names.map((name) =>
      started(first.origin, `${name}/${name}`, name === 'halfHttp' ? `${jobs.origin}/jobs` : undefined),
    ),
  );
  for (const data of [1, 2]) t.is(await raise(first.origin, 'halfEvents', 'Number', data), 202);
  const isHalf = async (id: string): Promise<boolean> => {
    const { customStatus, runtimeStatus } = (await (await fetch(api(first.origin, id))).json()) as StatusBody;
    return customStatus === 'half' && runtimeStatus === 'Running';
  };
  await until(
    async () => (await Promise.all([...names, 'halfChild-child'].map(isHalf))).every(Boolean) && jobs.polls > 0,
    'all to be in the middle',
    60,
  );
  first.run.child.kill('SIGKILL');
  await first.run.ended;
  jobs.inVain = 0;

  const second = await funcStart(t, 'patterns', ['--folder', folder]);
  for (const id of [...names, 'halfChild-child']) {
    const status = await raise(second.origin, id, 'Go', 'go');
    t.true(status === 202 || status === 410, `${id}: ${status}`); // some wait for something else, and may have ended
  }
  for (const id of names) {
    const { status, body } = await polled(api(second.origin, id));
    const { name, instanceId, runtimeStatus, output } = body;
    const told = { status, name, instanceId, runtimeStatus, output };
    t.deepEqual(told, { status: 200, name: id, instanceId: id, runtimeStatus: 'Completed', output: outputs[id] });
  }
  t.is(jobs.asked.length, 1, 'what was asked for is not asked for again');
  const lines = (text: string, of: string): number => text.split(`halfSequence: ${of}`).length - 1;
  t.deepEqual([lines(first.run.stdout(), 'the first half'), lines(second.run.stdout(), 'the first half')], [2, 0]);
  t.is(lines(second.run.stdout(), 'the second half'), 2);
});
