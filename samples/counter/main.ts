import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Counter } from './counter.js';

const key = process.argv[2] ?? 'visits';

await using hub = await connectTaskHub({ name: 'counter', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { entities: [Counter] });
await using client = new TaskHubClient(hub);

const before = await client.callEntity(Counter, key).get();
console.log(`counter ${key} stands at ${before}`);

// A signal is one-way: the promise resolves when it is stored, and the operation runs later, exactly once.
for (let by = 1; by <= 10; by++) await client.signalEntity(Counter, key).add({ by });
console.log('10 signals sent: 1 to 10');

// A call waits for the operation's result. It comes after the signals, for the order of one sender is kept.
const after = await client.callEntity(Counter, key).get();
console.log(`counter ${key} stands at ${after}: ${after - before} more`);

const { entityState } = await client.readEntityState(Counter, key);
console.log(`its state is ${JSON.stringify(entityState)}`);
