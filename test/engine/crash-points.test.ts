import test, { type ExecutionContext } from 'ava';
import { MemoryWorld } from '../../lib/memory/world.js';
import { sendProgram, violations } from './program.js';
import { KillAt } from './kill-at.js';
import { bankHost, MemoryClient, MemoryWorker } from './surroundings.js';

interface Outcome {
  readonly calls: number;
  readonly faults: readonly string[];
}

/** Everything the engine does, with a worker that dies at its nth call and another that takes over. */
async function run(n: number, fault: 'requestLost' | 'responseLost', seed = n): Promise<Outcome> {
  const plan = new KillAt(n, fault);
  const world = new MemoryWorld({ seed, faults: plan });
  const hub = world.createHub('test', 3);
  const faults: string[] = [];
  const log: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (m: string) => void log.push(m),
    error: (m: string) => void faults.push(m),
  };
  const victim = new MemoryWorker(hub, 'victim', bankHost(), {}, logger);
  plan.onKill = () => victim.connection.kill();
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  void victim.claim().catch((error: unknown) => faults.push(String(error)));
  await scheduler.advance(20);
  await scheduler.settle(sendProgram(client), 60_000);
  await scheduler.advance(1_500);
  const successor = new MemoryWorker(hub, 'successor', bankHost(), {}, logger);
  await scheduler.settle(successor.claim(), 60_000);
  await scheduler.advance(8_000);
  faults.push(...(await scheduler.settle(violations(client), 60_000)));
  return { calls: plan.calls, faults };
}

async function everyPoint(t: ExecutionContext, fault: 'requestLost' | 'responseLost', stride: number): Promise<void> {
  let n = 1;
  for (; ; n += stride) {
    const { calls, faults } = await run(n, fault);
    t.deepEqual(faults, [], `killed at call ${n} (${fault})`);
    if (calls < n) break;
  }
  t.log(`${n} calls`);
  t.true(n > 100);
}

test('C4: a worker that dies before any of its calls arrives loses nothing and repeats nothing', (t) =>
  everyPoint(t, 'requestLost', 1));

test('C4: a worker that dies after any of its calls was carried out loses nothing and repeats nothing', (t) =>
  everyPoint(t, 'responseLost', 1));
