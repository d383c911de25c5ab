import test, { type ExecutionContext } from 'ava';
import { Counter } from '../engine/bank.js';
import { KillAt, type LastCall } from '../engine/kill-at.js';
import { Order } from '../engine/order.js';
import { hostOf } from '../engine/surroundings.js';
import { Surroundings } from './surroundings.js';

const host = () => hostOf({ entities: [Counter], orchestrators: [Order] });
const items = ['nails', 'screws', 'bolts', 'nuts'];

/** Updates of one client, two of them at a time, with a worker that dies at its nth call and another that takes over. */
async function run(t: ExecutionContext, n: number, fault: LastCall): Promise<number> {
  const plan = new KillAt(n, fault);
  const around = new Surroundings({ seed: n, faults: plan });
  const victim = around.begin('victim', host());
  plan.onKill = () => victim.connection.kill();
  await around.advance(20);
  const order = await around.settle(around.client.startNew(Order));
  const answers: number[] = [];
  const updates = (async () => {
    for (let at = 0; at < items.length; at += 2) {
      const two = items.slice(at, at + 2).map((item) => order.update().add({ item, pieces: 1, made: 1 }));
      answers.push(...(await Promise.all(two)));
    }
    await order.update().close();
  })();
  await around.advance(1_000);
  await around.work('successor', host());
  await around.settle(updates);
  t.deepEqual(answers, [1, 2, 3, 4], `killed at call ${n} (${fault})`);
  t.deepEqual(await around.settle(order.query().items()), items);
  t.is(await around.settle(order.result()), '1 nails, 1 screws, 1 bolts, 1 nuts');
  await around.advance(1_000);
  const { entityState } = await around.settle(around.client.readEntityState(Counter, 'stock'));
  t.deepEqual(entityState?.seen, items, `killed at call ${n} (${fault})`);
  return plan.calls;
}

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`C4: updates are carried out and answered once, whichever call of its worker is the last (${fault})`, async (t) => {
    let n = 1;
    while ((await run(t, n, fault)) >= n) n++;
    t.log(`${n} calls`);
    t.true(n > 20);
  });
