import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { LockedTransfer } from './transfer.js';
import { Vault } from './vault.js';

await using hub = await connectTaskHub({ name: 'lock', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { entities: [Vault], orchestrators: [LockedTransfer] });
await using client = new TaskHubClient(hub);

const names = ['alice', 'bob', 'carol', 'dave'];

async function total(): Promise<number> {
  const balances = await Promise.all(names.map((name) => client.callEntity(Vault, name).balance()));
  return balances.reduce((sum, balance) => sum + balance, 0);
}

console.log(`together ${await total()}`);
const transfers = await Promise.all(
  Array.from({ length: 20 }, (_, at) => {
    const [from, to] = [names[at % 4]!, names[(at + 1 + (at % 3)) % 4]!]; // in a circle, each from another one
    return client.startNew(LockedTransfer, { from, to, amount: 10 * (at + 1) });
  }),
);
const [held] = await Promise.all(transfers.map((transfer) => transfer.result()));
console.log(`20 transfers at once: ${held ? 'done' : 'refused'}, none waits for another in a circle`);
console.log(`together ${await total()}`);

// Whoever ends, however it ends, leaves no lock behind.
const stopped = await client.startNew(LockedTransfer, { from: 'alice', to: 'bob', amount: 1 });
await stopped.terminate().catch(() => {}); // it may have ended
const next = await client.startNew(LockedTransfer, { from: 'bob', to: 'alice', amount: 1 });
console.log(`the next one: ${(await next.result()) ? 'done' : 'refused'}`);
