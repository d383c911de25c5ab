import test from 'ava';
import type { TaskHubClient } from 'perdure';
import { SeededRandom } from '../../lib/memory/random.js';
import { amount } from '../amount.js';
import { evict } from './campaign/orders.js';
import { FULL, Pot, Trading, type Trade } from './campaign/pots.js';
import { TradeHistory } from './campaign/trade-history.js';
import { until } from '../until.js';
import { exactly, workersToKill } from './killed-workers.js';

const pots = Array.from({ length: 100 }, (_, at) => `p${at}`);
const kinds = ['transfer', 'transfer', 'transfer', 'even', 'even', 'audit', 'throw', 'stall'] as const;

function drawn(random: SeededRandom): Trade {
  const kind = kinds[random.below(kinds.length)]!;
  const keys = new Set<string>();
  while (keys.size < (kind === 'audit' ? 4 : 2)) keys.add(pots[random.below(pots.length)]!);
  return { kind, keys: [...keys], amount: 1 + random.below(100) };
}

test.serial(
  'P23: transactions over a hundred entities hold as a whole or not at all, in one order, while workers are killed',
  async (t) => {
    const [transactions, atOnce] = [amount(120, 1_000), 50];
    const { clients, workers } = await workersToKill(t, 2, amount(1, 4));
    const [trader, visitor] = clients as [TaskHubClient, TaskHubClient];
    const random = new SeededRandom(3);
    const history = new TradeHistory(pots);
    let [begun, ended, isOver] = [0, 0, false];

    const trades = async (): Promise<void> => {
      while (begun < transactions) {
        const number = begun++;
        const [id, trade, called] = [`trade-${number}`, drawn(random), performance.now()];
        const handle = await trader.startNew(Trading, trade, { instanceId: id });
        if (trade.kind === 'stall') {
          if (number % 2 === 0) await until(async () => (await handle.status()).customStatus === 'prepared', id, 120);
          await evict(handle); // the others wait for their locks, or not even that
          await t.throwsAsync(handle.result(), { code: 'PERDURE_ORCHESTRATION_TERMINATED' }, id);
        } else {
          const traded = await handle.result();
          t.is(traded.isCommitted, trade.kind !== 'throw', id);
          history.traded(id, trade, traded, called, performance.now());
        }
        await workers.tell(++ended, transactions);
      }
    };
    /** Looks at single pots, and adds to some, while the transactions are under way. */
    const visits = async (): Promise<void> => {
      for (let number = 0; !isOver; number++) {
        const [key, called, adds] = [pots[random.below(pots.length)]!, performance.now(), number % 3 === 0];
        const found = adds ? await visitor.callEntity(Pot, key).add(number) : await exactly(visitor, Pot, key);
        const [version, returned] = [found?.version ?? 0, performance.now()];
        history.touched(`visit ${number} of ${key}`, key, version, adds ? number : undefined, called, returned);
      }
    };

    const visiting = Promise.all([visits(), visits()]);
    await Promise.all(Array.from({ length: atOnce }, trades));
    isOver = true;
    await visiting;
    t.log(`${history.length} transactions, operations and reads`);
    t.deepEqual(history.faults, []);
    // A read that comes after the last answer waits for what is still prepared.
    const held = async (key: string) =>
      [key, (await exactly(trader, Pot, key)) ?? { version: 0, balance: FULL }] as const;
    t.deepEqual(new Map(await Promise.all(pots.map(held))), history.expected);
    // The release of a lock that a terminated transaction only held may be on its way.
    const isFree = async (key: string): Promise<boolean> => {
      const status = await trader.entities.inspect(Pot, key);
      return status.worker !== undefined && status.lockedBy === undefined;
    };
    for (const key of pots) await until(() => isFree(key), `${key} to be locked by nobody`);
    await workers.end(t);
  },
);
