import { connectTaskHub, TaskHubClient } from 'perdure';
import { HelloSequence } from './hello-sequence.js';

await using hub = await connectTaskHub({ name: 'hello', servers: process.env['NATS_URL'] });
await using client = new TaskHubClient(hub);
const sequence = await client.startNew(HelloSequence);
console.log(`Started ${sequence.instanceId}; it ends once a service runs.`);
console.log(JSON.stringify(await sequence.result()));
