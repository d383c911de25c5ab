import test from 'ava';
import type { Fault, FaultPlan } from '../../lib/memory/faults.js';
import { SeededRandom } from '../../lib/memory/random.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { amount } from '../amount.js';
import { sendProgram, violations } from './program.js';
import { bankHost, MemoryClient, MemoryWorker } from './surroundings.js';

/** Each seed draws its own rates; the faults stop when they are told to. */
class RandomFaults implements FaultPlan {
  readonly #random: SeededRandom;
  readonly #rates: readonly number[];
  isOn = true;
  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#rates = [0, 1, 2].map(() => this.#random.next() * 0.08);
  }
  next(): Fault {
    const drawn = this.#random.next();
    const [lost, unanswered, late] = this.#rates as [number, number, number];
    if (!this.isOn) return 'none';
    if (drawn < lost) return 'requestLost';
    if (drawn < lost + unanswered) return 'responseLost';
    return drawn < lost + unanswered + late ? { delay: this.#random.next() * 4_000 } : 'none';
  }
}

/** Workers claim, die, and go on as zombies while others claim: in the end one of them has done everything once. */
export async function run(seed: number): Promise<readonly string[]> {
  const faults = new RandomFaults(seed);
  const random = new SeededRandom(seed * 7 + 1);
  const world = new MemoryWorld({ seed, faults });
  const { scheduler } = world;
  const hub = world.createHub('test', 3);
  const found: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (m: string) => void found.push(m) };
  const client = new MemoryClient(hub, 'client');
  const sent = sendProgram(client);
  for (let i = 0; i < 4; i++) {
    const worker = new MemoryWorker(hub, `w${i}`, bankHost(), {}, logger);
    worker.claim().catch(() => {}); // a later worker may take over while this one claims
    await scheduler.advance(random.next() * 3_000);
    if (random.next() < 0.5) worker.connection.kill();
  }
  faults.isOn = false;
  await scheduler.advance(5_000);
  await scheduler.settle(sent, 60_000);
  const last = new MemoryWorker(hub, 'last', bankHost(), {}, logger);
  await scheduler.settle(last.claim(), 60_000);
  await scheduler.advance(30_000); // after so many deaths much is suspected and tried, one after the other, in calm
  found.push(...(await scheduler.settle(violations(client), 60_000)));
  return found;
}

const seeds = amount(120, 5_000); // test/simulation runs what is more than this one program

test(`lost, late and repeated calls, dead workers and zombies change nothing: ${seeds} seeds`, async (t) => {
  t.timeout(7_200_000);
  for (let seed = 1; seed <= seeds; seed++) t.deepEqual(await run(seed), [], `seed ${seed}`);
});
