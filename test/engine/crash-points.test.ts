import test, { type ExecutionContext } from 'ava';
import { MemoryWorld } from '../../lib/memory/world.js';
import { sendProgram, violations } from './program.js';
import { KillAt, type LastCall } from './kill-at.js';
import { bankHost, MemoryClient, MemoryWorker, neighbours } from './surroundings.js';

interface Outcome {
  readonly calls: number;
  readonly faults: readonly string[];
}

/** Everything the engine does, with a worker that dies at its nth call and another that takes over. */
async function run(n: number, fault: LastCall, isHandedOver: boolean): Promise<Outcome> {
  const plan = new KillAt(n, fault);
  const world = new MemoryWorld({ seed: n, faults: plan });
  const hub = world.createHub('test', 3);
  const faults: string[] = [];
  const log: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (m: string) => void log.push(m),
    error: (m: string) => void faults.push(m),
  };
  const options = isHandedOver ? neighbours(bankHost()) : {};
  const victim = new MemoryWorker(hub, 'victim', bankHost(), options, logger);
  plan.onKill = () => victim.connection.kill();
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  void victim.claim().catch((error: unknown) => faults.push(String(error)));
  await scheduler.advance(20);
  await scheduler.settle(sendProgram(client), 60_000);
  await scheduler.advance(1_500);
  const successor = new MemoryWorker(hub, 'successor', bankHost(), options, logger);
  await scheduler.settle(successor.claim(), 60_000);
  await scheduler.advance(8_000);
  faults.push(...(await scheduler.settle(violations(client), 60_000)));
  return { calls: plan.calls, faults };
}

async function everyPoint(t: ExecutionContext, fault: LastCall, isHandedOver = false): Promise<void> {
  let n = 1;
  for (; ; n++) {
    const { calls, faults } = await run(n, fault, isHandedOver);
    t.deepEqual(faults, [], `killed at call ${n} (${fault})`);
    if (calls < n) break;
  }
  t.log(`${n} calls`);
  t.true(n > 100);
}

test('C4: a worker that dies before any of its calls arrives loses nothing and repeats nothing', (t) =>
  everyPoint(t, 'requestLost'));

test('C4: a worker that dies after any of its calls was carried out loses nothing and repeats nothing', (t) =>
  everyPoint(t, 'responseLost'));

test('C4, C5: nor one whose partitions hand over to each other, before any of its calls arrives', (t) =>
  everyPoint(t, 'requestLost', true));

test('C4, C5: nor one whose partitions hand over to each other, after any of its calls was carried out', (t) =>
  everyPoint(t, 'responseLost', true));
