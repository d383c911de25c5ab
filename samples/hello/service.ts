import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Greetings } from './greetings.js';
import { HelloSequence } from './hello-sequence.js';

await using hub = await connectTaskHub({ name: 'hello', servers: process.env['NATS_URL'] });
await using worker = await TaskHubWorker.start(hub, { orchestrators: [HelloSequence], activities: [new Greetings()] });
console.log(`Hosting task hub "${hub.name}" at ${hub.url}; Ctrl-C stops.`);
await worker.untilStopped();
console.log('Stopped.');
