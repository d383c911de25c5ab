import test, { type ExecutionContext } from 'ava';
import { amount } from '../amount.js';
import type { Logger } from '../../lib/engine/ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { sendProgram, violations } from './program.js';
import { KillAt, type LastCall } from './kill-at.js';
import { bankHost, MemoryClient, MemoryWorker, neighbours } from './surroundings.js';

interface Outcome {
  readonly calls: number;
  readonly faults: readonly string[];
}

/** Errors are faults. */
const into = (faults: string[]): Logger => {
  return { debug() {}, info() {}, warn() {}, error: (message) => void faults.push(message) };
};

/** Everything the engine does, with a worker that dies at its nth call and another that takes over. */
async function run(n: number, fault: LastCall, isHandedOver: boolean): Promise<Outcome> {
  const plan = new KillAt(n, fault);
  const world = new MemoryWorld({ seed: n, faults: plan });
  const hub = world.createHub('test', 3);
  const faults: string[] = [];
  const logger = into(faults);
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

/** What the owner before the successor came to: it died after so many calls, stops while it works, or is still at work. */
type Past = number | 'stops' | 'works';

/**
 * A partition with a past: its first owner has done a part of everything, or all. Its successor dies at its nth call, in the
 * takeover or behind it, and a third one takes over.
 */
async function runTakeover(past: Past, n: number, fault: LastCall, isHandedOver: boolean): Promise<Outcome> {
  const ofFirst = new KillAt(typeof past === 'number' ? past : Infinity, 'responseLost', 'first');
  const plan = new KillAt(n, fault, 'successor');
  const world = new MemoryWorld({
    seed: n,
    faults: { next: (call) => (call.connection === 'first' ? ofFirst : plan).next(call) },
  });
  const hub = world.createHub('test', 3);
  const faults: string[] = [];
  const worker = (name: string): MemoryWorker =>
    new MemoryWorker(hub, name, bankHost(), isHandedOver ? neighbours(bankHost()) : {}, into(faults));
  const { scheduler } = world;
  const first = worker('first');
  ofFirst.onKill = () => first.connection.kill();
  const client = new MemoryClient(hub, 'client');
  void first.claim().catch((error: unknown) => faults.push(String(error)));
  await scheduler.advance(20);
  await scheduler.settle(sendProgram(client), 60_000);
  if (past === 'stops') await scheduler.settle(first.stop(), 60_000);
  else if (past !== 'works') await scheduler.advance(1_500);
  const successor = worker('successor');
  plan.onKill = () => successor.connection.kill();
  void successor.claim().catch((error: unknown) => faults.push(String(error)));
  await scheduler.advance(1_500);
  await scheduler.settle(worker('third').claim(), 60_000);
  await scheduler.advance(8_000);
  faults.push(...(await scheduler.settle(violations(client), 60_000)));
  return { calls: plan.calls, faults };
}

const pasts: readonly Past[] = [60, 120, 180, 'stops', 'works'];
const stride = amount(13, 1);

for (const isHandedOver of [false, true])
  for (const fault of ['requestLost', 'responseLost'] as const)
    test(`C4, P9: a successor that dies ${fault === 'requestLost' ? 'before' : 'behind'} any of its calls, in the takeover and after it, loses and repeats nothing of what there was${isHandedOver ? ', also where partitions hand over to each other' : ''}: every ${stride === 1 ? 'call' : `${stride}th call`}`, async (t) => {
      t.timeout(600_000);
      for (const [at, past] of pasts.entries()) {
        let n = 1 + (at % stride);
        for (; ; n += stride) {
          const { calls, faults } = await runTakeover(past, n, fault, isHandedOver);
          t.deepEqual(faults, [], `killed at call ${n} (${fault}), the first owner: ${past}`);
          if (calls < n) break;
        }
        t.log(`the first owner: ${past}; ${n} calls`);
        t.true(n > 50);
      }
    });
