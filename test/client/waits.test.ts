import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { Waits } from '../../lib/client/waits.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { recordingLogger } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const late = () => new Error('late');

function begun(options = {}) {
  const around = new Surroundings();
  const wait = new Waits(memoryHubPorts(around.hub.connect('waiting'), recordingLogger()).clock).begin<never>(
    options,
    late,
  );
  return { around, wait };
}

test('a wait without limit keeps nothing of what came meanwhile', async (t) => {
  const { wait } = begun();
  const came: WeakRef<object>[] = [];
  for (let i = 0; i < 100; i++) came.push(new WeakRef(await wait.unlessOver(Promise.resolve({ i }))));
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  t.true(came.filter((value) => value.deref()).length < 2);
  t.false(wait.isOver);
});

test('what is not there when the wait is over is not waited for', async (t) => {
  const abort = new AbortController();
  const { around, wait } = begun({ signal: abort.signal });
  const refused = rejection(around, () => wait.unlessOver(new Promise<void>(() => {})));
  abort.abort(new Error('enough'));
  t.is((await refused).message, 'enough');
  t.is((await rejection(around, () => wait.unlessOver(new Promise<void>(() => {})))).message, 'enough', 'nor later');
});

test('what fails while it is waited for fails as it does', async (t) => {
  const { around, wait } = begun();
  t.is((await rejection(around, () => wait.unlessOver(Promise.reject(new Error('no'))))).message, 'no');
});
