import test from 'ava';
import { Account, Quiet, Trade, pausing, transfer, type Step } from '../client/transaction-classes.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from './stage.js';

/** Transactions on a real server. */

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
  pausing.pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
});
test.after.always(() => server?.stop());

const hosted = { entities: [Account], orchestrators: [Trade, Quiet] };

async function bank(name: string) {
  const around = await Stage.on(server, name);
  const worker = await around.start(hosted);
  const { client } = around;
  const balance = async (key: string): Promise<number> =>
    (await client.readEntityState(Account, key)).entityState?.balance ?? 100;
  const trade = (id: string, steps: readonly Step[], keys = ['a', 'b'], timeout?: number) =>
    client.startNew('trade', { keys, steps, timeout }, { instanceId: id });
  const isWaiting = (id: string) =>
    until(async () => (await client.getHandle(id).status()).customStatus === 'waits', `${id} to wait`);
  return Object.assign(around, { worker, balance, trade, isWaiting });
}

test('on a real server: P23: what is prepared outlives its worker, and holds as a whole or not at all', async (t) => {
  await using around = await bank('prepared');
  const { client, worker, balance, trade, isWaiting } = around;
  const kept = await trade('kept', [[0, 'tell', 'c'], ...transfer(5), 'wait', ...transfer(1)]);
  await isWaiting('kept');
  const undone = await trade('undone', [...transfer(50), 'wait'], ['d', 'e']);
  await isWaiting('undone');
  const read = client.readEntityState(Account, 'b');
  await worker.stop();
  await around.start(hosted);
  t.is((await client.entities.inspect(Account, 'b')).worker === undefined, false);
  await undone.terminate();
  await client.raiseEvent('kept', 'Go');
  t.deepEqual(await kept.result(), ['of-a', 95, 105, 94, 106]);
  t.is((await read).entityState?.balance, 106, 'it has waited');
  t.deepEqual([await balance('a'), await balance('b'), await balance('d'), await balance('e')], [94, 106, 100, 100]);
  await until(async () => (await client.readEntityState(Account, 'c')).entityExists, 'what was sent to arrive');
  t.is(await client.getHandle('of-a').result(), 'quiet');
});

test('on a real server: P23: fifty transfers in both directions over ten accounts keep the sum, and so does who looks', async (t) => {
  await using around = await bank('many');
  const { balance, trade } = around;
  const keys = Array.from({ length: 10 }, (_, at) => `k${at}`);
  const trades = await Promise.all(
    Array.from({ length: 50 }, (_, at) => {
      const [from, to] = [keys[at % 10]!, keys[(at * 7 + 3) % 10]!];
      return trade(`t${at}`, transfer(1 + (at % 9)), [from, to === from ? keys[(at + 1) % 10]! : to]);
    }),
  );
  const audits = await Promise.all(
    Array.from({ length: 5 }, (_, at) =>
      trade(
        `audit${at}`,
        keys.map((_key, place) => [place, 'balance'] as const),
        keys,
      ),
    ),
  );
  const sum = (balances: unknown): number => (balances as number[]).reduce((total, one) => total + one, 0);
  for (const audit of audits) t.is(sum(await audit.result()), 1_000);
  for (const one of trades) t.true(Array.isArray(await one.result()), String(await one.result()));
  t.is(sum(await Promise.all(keys.map(balance))), 1_000);
});

test('on a real server: K4: an entity asks when it has taken too long, and for an operator', async (t) => {
  await using around = await bank('asked');
  const { client, balance, trade, isWaiting } = around;
  const late = await trade('late', [...transfer(5), 'wait'], ['a', 'b'], 1_500);
  await isWaiting('late');
  const next = await trade('next', [...transfer(1), 'wait']);
  await isWaiting('next'); // behind the time limit of the other
  await client.raiseEvent('late', 'Go');
  t.regex(String(await late.result()), /^TransactionAbortedError/);
  t.true(await client.breakLock(Account, 'a'));
  await until(async () => (await client.readEntityState(Account, 'a')).lockedBy === undefined, 'the lock to end');
  t.deepEqual([await balance('a'), await balance('b')], [100, 100]);
  await client.raiseEvent('next', 'Go');
  t.regex(String(await next.result()), /an operator ended it/);
});
