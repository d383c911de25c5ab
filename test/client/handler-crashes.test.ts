import test, { type ExecutionContext } from 'ava';
import { Counter } from '../engine/bank.js';
import { Order } from '../engine/order.js';
import { hostOf } from '../engine/surroundings.js';
import { everyDeath, lastCalls, type Mortal } from './worker-deaths.js';

const host = () => hostOf({ entities: [Counter], orchestrators: [Order] });
const items = ['nails', 'screws', 'bolts', 'nuts'];

/** Updates of one client, two of them at a time. */
async function updatedOver(t: ExecutionContext, { around, what, outlived }: Mortal): Promise<void> {
  const order = await around.settle(around.client.startNew(Order));
  const answers: number[] = [];
  const updates = (async () => {
    for (let at = 0; at < items.length; at += 2) {
      const two = items.slice(at, at + 2).map((item) => order.update().add({ item, pieces: 1, made: 1 }));
      answers.push(...(await Promise.all(two)));
    }
    await order.update().close();
  })();
  await outlived(updates);
  t.deepEqual(answers, [1, 2, 3, 4], what);
  t.deepEqual(await around.settle(order.query().items()), items);
  t.is(await around.settle(order.result()), '1 nails, 1 screws, 1 bolts, 1 nuts');
  await around.advance(1_000);
  const { entityState } = await around.settle(around.client.readEntityState(Counter, 'stock'));
  t.deepEqual(entityState?.seen, items, what);
}

for (const fault of lastCalls)
  test(`C4: updates are carried out and answered once, whichever call of its worker is the last (${fault})`, (t) =>
    everyDeath(t, fault, host, (mortal) => updatedOver(t, mortal)));
