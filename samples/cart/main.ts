import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Cart, Letters } from './cart.js';
import { Order, Warehouse } from './order.js';

await using hub = await connectTaskHub({ name: 'cart', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, {
  entities: [Cart, Letters],
  orchestrators: [Order],
  activities: [new Warehouse()],
});
await using client = new TaskHubClient(hub);

const alices = client.callEntity(Cart, 'alice');
await alices.put({ product: 'pens', pieces: 2 });
await alices.put({ product: 'books', pieces: 1 });
console.log(`alice: ${await alices.put({ product: 'pens', pieces: 1 })} pieces`);
const order = await alices.checkOut();
console.log(`${order}: ${String(await client.getHandle(order).result())}`);

const letters = client.entities.watch(Letters, 'bob');
await letters.next(); // as it is now
await client.signalEntity(Cart, 'bob').put({ product: 'tea', pieces: 4 });
const { value } = await letters.next();
console.log(`  letter to bob: ${value?.entityState?.at(-1)}`);
await letters.return();

const { entities } = await client.entities.list({ entity: Cart });
console.log(`carts: ${entities.map(({ entityId }) => entityId.key).join(', ')}`);
