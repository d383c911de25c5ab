import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Packing, Shipment, Stock } from './warehouse.js';

await using hub = await connectTaskHub({ name: 'services', servers: process.env['NATS_URL'] });
await using worker = await TaskHubWorker.start(hub, {
  entities: [Stock],
  orchestrators: [Shipment],
  activities: [new Packing()],
});
process.send?.('ready'); // whoever started it may wait for that
await worker.untilStopped();
