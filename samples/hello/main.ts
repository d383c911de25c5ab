import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Greetings } from './greetings.js';
import { HelloSequence } from './hello-sequence.js';

await using hub = await connectTaskHub({ name: 'hello', servers: process.env['NATS_URL'] });
console.log(`Task hub "${hub.name}" at ${hub.url}`);
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [HelloSequence], activities: [new Greetings()] });
await using client = new TaskHubClient(hub);

const sequence = await client.startNew(HelloSequence);
console.log(JSON.stringify(await sequence.result()));
