import test from 'ava';
import { SeededRandom } from '../../lib/memory/random.js';
import { amount } from '../amount.js';
import { CALM } from './chaos.js';
import type { ClientAction, Program } from './script.js';
import { simulate } from './simulation.js';

/** So many histories of so many operations each, of so many clients. */
const histories = amount(20, 200);
const OPERATIONS = 500;
const CLIENTS = 5;
const KEYS = ['a', 'b'];

/** Clients that call and read the same ledgers all the time, mostly one thing after another, while faults come. */
function busyClients(random: SeededRandom): Program {
  const names = Array.from({ length: CLIENTS }, (_, at) => `c${at}`);
  return {
    partitions: 2,
    clients: names.map((name) => ({ name, mayDie: false, actions: operations(name, random) })),
  };
}

function operations(name: string, random: SeededRandom): ClientAction[] {
  return Array.from({ length: OPERATIONS / CLIENTS }, (_, at): readonly ClientAction[] => {
    const key = KEYS[random.below(KEYS.length)]!;
    const id = `${name}:${at}`;
    const pause = { do: 'pause', milliseconds: random.below((2 * CALM * CLIENTS) / OPERATIONS) } as const;
    const operation = random.next() < 0.3 ? ({ do: 'read', key } as const) : ({ do: 'call', key, id } as const);
    return [pause, { ...operation, await: random.next() < 0.7 }];
  }).flat();
}

test(`calls and exact reads are linearizable: ${histories} histories of ${OPERATIONS} operations`, async (t) => {
  t.timeout(1_800_000);
  const totals = { takeovers: 0, faults: 0 };
  for (let seed = 1; seed <= histories; seed++) {
    const program = busyClients(new SeededRandom(seed));
    const { violations, unjudged, counts } = await simulate({ seed, program });
    t.deepEqual([...violations, ...unjudged], [], `seed ${seed}`);
    totals.takeovers += counts.takeovers;
    totals.faults += counts.faults;
  }
  t.log(`${totals.takeovers} takeovers, ${totals.faults} faults`);
  t.true(totals.takeovers > 3 * histories && totals.faults > 10 * histories);
});
