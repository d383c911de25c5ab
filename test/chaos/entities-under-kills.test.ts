import test from 'ava';
import type { TaskHubClient } from 'perdure';
import { SeededRandom } from '../../lib/memory/random.js';
import { amount } from '../amount.js';
import { notLinearizable, type SeenOperation } from '../linearizability.js';
import { Deal, Journal, Vault } from './campaign/programs.js';
import { exactly, workersToKill } from './killed-workers.js';

const kills = amount(1, 4);
const names = ['c0', 'c1', 'c2', 'c3'];

/** A journal when all that was sent to it is carried out: a call has its turn behind it. */
async function inTheEnd(client: TaskHubClient, key: string): Promise<Journal['state']> {
  await client.callEntity(Journal, key).note({ sender: 'end', number: 1 });
  const { version, marks } = (await exactly(client, Journal, key))!;
  const { end: _, ...others } = marks;
  return { version: version - 1, marks: sorted(others), relayed: 0 };
}

/** So many signals, from four clients at a time, the nth of each to `keyOf(n)`; what is sent is acknowledged in the end. */
async function signal(
  { clients, workers }: Awaited<ReturnType<typeof workersToKill>>,
  signals: number,
  keyOf: (n: number) => string,
): Promise<void> {
  const each = signals / names.length;
  let sent = 0;
  await Promise.all(
    clients.map(async (client, at) => {
      for (let first = 0; first < each; first += 50) {
        const batch = Array.from({ length: Math.min(50, each - first) }, (_, index) => first + index);
        await Promise.all(
          batch.map((n) => client.signalEntity(Journal, keyOf(n)).note({ sender: names[at]!, number: n })),
        );
        await workers.tell((sent += batch.length), signals);
      }
    }),
  );
}

test.serial(
  'signals to one entity from four clients are each taken once and in order while workers are killed',
  async (t) => {
    const signals = amount(4_000, 20_000);
    const hub = await workersToKill(t, names.length, kills);
    await signal(hub, signals, () => 'one');
    const state = await inTheEnd(hub.clients[0]!, 'one');
    t.is(state.version, signals);
    const all = { ranges: [[0, signals / names.length - 1]], late: [] };
    t.deepEqual(state.marks, Object.fromEntries(names.map((name) => [name, all])));
    await hub.workers.end(t);
  },
);

test.serial(
  'signals to a thousand entities from four clients are each taken once and in order while workers are killed',
  async (t) => {
    const signals = amount(8_000, 20_000);
    const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`);
    const hub = await workersToKill(t, names.length, kills);
    await signal(hub, signals, (n) => keys[n % keys.length]!);
    const states = await Promise.all(keys.map((key) => inTheEnd(hub.clients[0]!, key)));
    const each = signals / names.length / keys.length;
    const [wrong, right] = [[] as unknown[], Array.from({ length: each }, (_, round) => round * keys.length)];
    for (const [at, state] of states.entries()) {
      const marks = Object.fromEntries(
        names.map((name) => [name, { ranges: right.map((n) => [n + at, n + at]), late: [] }]),
      );
      if (JSON.stringify(state.marks) !== JSON.stringify(marks)) wrong.push([keys[at], state]);
    }
    t.deepEqual(wrong, []);
    await hub.workers.end(t);
  },
);

test.serial(
  'transfers under a lock between a hundred vaults lose nothing while those who hold locks are killed',
  async (t) => {
    const [transfers, atOnce] = [amount(200, 1_000), 50];
    const { clients, workers } = await workersToKill(t, names.length, kills);
    const [client] = clients as [TaskHubClient];
    const random = new SeededRandom(1);
    const vaults = Array.from({ length: 100 }, (_, at) => `v${at}`);
    await Promise.all(vaults.map((vault) => client.callEntity(Vault, vault).become(1_000)));
    let [begun, ended] = [0, 0];
    const expected = new Map(vaults.map((vault) => [vault, 1_000]));
    const lane = async (): Promise<void> => {
      while (begun++ < transfers) {
        const from = random.below(vaults.length);
        const to = (from + 1 + random.below(vaults.length - 1)) % vaults.length;
        const move = { from: vaults[from]!, to: vaults[to]!, amount: 1 + random.below(100) };
        expected.set(move.from, expected.get(move.from)! - move.amount);
        expected.set(move.to, expected.get(move.to)! + move.amount);
        const deal = await client.startNew(Deal, move);
        t.is(await deal.result(), 'dealt');
        await workers.tell(++ended, transfers);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    const balances = await Promise.all(
      vaults.map(async (vault) => [vault, await client.callEntity(Vault, vault).balance()] as const),
    );
    t.deepEqual(new Map(balances), expected);
    for (const vault of vaults) {
      const status = await client.entities.inspect(Vault, vault);
      t.true(status.worker !== undefined && status.lockedBy === undefined, JSON.stringify(status));
    }
    await workers.end(t);
  },
);

test.serial('calls and exact reads of four clients are linearizable while workers are killed', async (t) => {
  const operations = amount(500, 2_000);
  const { clients, workers } = await workersToKill(t, names.length, kills);
  const random = new SeededRandom(2);
  const keys = ['a', 'b', 'c'];
  const histories = new Map(keys.map((key) => [key, [] as SeenOperation[]]));
  let [begun, ended] = [0, 0];
  const lane = async (client: TaskHubClient, sender: string): Promise<void> => {
    for (let number = 1; begun++ < operations; number++) {
      const key = keys[random.below(keys.length)]!;
      const appends = random.next() < 0.7;
      const called = performance.now();
      const length = appends
        ? await client.callEntity(Journal, key).note({ sender, number })
        : ((await exactly(client, Journal, key))?.version ?? 0);
      const what = `${appends ? 'call' : 'read'} ${number} of ${sender}`;
      histories.get(key)!.push({ what, called, returned: performance.now(), length, appends });
      await workers.tell(++ended, operations);
    }
  };
  await Promise.all(clients.flatMap((client, at) => [0, 1, 2].map((lane_) => lane(client, `${names[at]}-${lane_}`))));
  for (const history of histories.values()) t.deepEqual(notLinearizable(history), []);
  await workers.end(t);
});

function sorted(marks: Journal['state']['marks']): Journal['state']['marks'] {
  return Object.fromEntries(Object.entries(marks).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
