import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Office, Order } from './order.js';

await using hub = await connectTaskHub({ name: 'services', servers: process.env['NATS_URL'] });
await using worker = await TaskHubWorker.start(hub, { orchestrators: [Order], activities: [new Office()] });
process.send?.('ready'); // whoever started it may wait for that
await worker.untilStopped();
