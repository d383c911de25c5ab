import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Bulletin, Player } from './player.js';
import { Count, Purchase } from './purchase.js';

await using hub = await connectTaskHub({ name: 'exchange', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, {
  entities: [Player, Bulletin],
  orchestrators: [Purchase, Count],
});
await using client = new TaskHubClient(hub);

const names = ['alice', 'bob', 'carol'];
await client.callEntity(Player, 'alice').take('sword');

// Two want the same sword at once, and a third cannot afford what the first buyer asks for it.
const wanted = { seller: 'alice', item: 'sword', price: 60 };
const purchases = await Promise.all(['bob', 'carol'].map((buyer) => client.startNew(Purchase, { ...wanted, buyer })));
const count = await client.startNew(Count, names);
const results = await Promise.all(purchases.map((purchase) => purchase.result()));
console.log(`${results.filter((text) => text.endsWith('40 coins')).length} of 2 bought the sword`);
console.log(`coins in between: ${await count.result()}`);

const owner = (await client.readEntityState(Player, 'bob')).entityState?.items.length ? 'bob' : 'carol';
const dear = await client.startNew(Purchase, { buyer: 'alice', seller: owner, item: 'sword', price: 1_000 });
console.log((await dear.result()).replace(/^(.*): .*there are/, '$1: there are'));

const after = await client.startNew(Count, names);
console.log(`coins in the end: ${await after.result()}`);
for (let lines: readonly string[] = []; lines.length === 0;) {
  lines = (await client.readEntityState(Bulletin, 'trades')).entityState?.lines ?? [];
  for (const line of lines) console.log(`bulletin: ${line}`);
}
