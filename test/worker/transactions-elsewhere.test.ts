import test from 'ava';
import { Account, Quiet, Trade, transfer } from '../client/transaction-classes.js';
import { MemoryTaskHub } from './memory-world.js';

const keys = Array.from({ length: 8 }, (_, at) => `k${at}`);

test('P23: operations of entities whose class another worker has are prepared, committed and undone as all others', async (t) => {
  const hub = new MemoryTaskHub();
  const { client } = hub;
  await hub.start('flows', { orchestrators: [Trade, Quiet] });
  await hub.start('books', { entities: [Account] });
  await hub.advance(500); // the partitions have moved
  const balances = async () =>
    Promise.all(keys.map(async (key) => (await client.readEntityState(Account, key)).entityState?.balance));
  const trade = (id: string, key: string, last: 'throw' | 'wait') =>
    client.startNew(
      'trade',
      {
        keys: [key, 'other'],
        steps: [[0, 'tell', 'told'], ...transfer(5), [0, 'add', -1], [1, 'add', 1], last, [0, 'balance']],
      },
      { instanceId: id },
    );
  for (const [at, key] of keys.entries()) {
    const undone = await hub.settle(trade(`undone${at}`, key, 'throw'));
    t.is(await hub.settle(undone.result()), 'Error: thrown in the body');
    const kept = await hub.settle(trade(`kept${at}`, key, 'wait'));
    await hub.advance(1_000);
    await hub.settle(client.raiseEvent(`kept${at}`, 'Go'));
    t.deepEqual(await hub.settle(kept.result()), [`of-${key}`, 95, 105 + 6 * at, 94, 106 + 6 * at, 94]);
    t.is(await hub.settle(client.callEntity(Account, key).add(1)), 95, 'what follows finds what was committed');
  }
  t.deepEqual(
    await hub.settle(balances()),
    keys.map(() => 95),
  );
  await hub.advance(1_000);
  const told = await hub.settle(client.readEntityState(Account, 'told'));
  t.deepEqual(told.entityState?.log.toSorted(), keys.map((key) => `told by ${key}`).toSorted());
  t.deepEqual(hub.lines, []);
});
