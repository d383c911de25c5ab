import { connectTaskHub, InstanceExistsError, TaskHubClient, TaskHubWorker, type OrchestrationHandle } from 'perdure';
import { ImportOrders } from './import-orders.js';

await using hub = await connectTaskHub({ name: 'singleton', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [ImportOrders] });
await using client = new TaskHubClient(hub);

/** Starts the import unless it runs: whoever asks gets the one that runs. */
async function theImport(): Promise<OrchestrationHandle<string>> {
  const instanceId = 'import-orders'; // the id is what makes it the only one
  try {
    const started = await client.startNew(ImportOrders, undefined, { instanceId });
    console.log('started');
    return started;
  } catch (error) {
    if (!(error instanceof InstanceExistsError)) throw error;
    console.log('runs already');
    return client.getHandle(ImportOrders, instanceId);
  }
}

const first = await theImport();
const second = await theImport();
await first.raiseEvent('Imported', '12 orders');
console.log(await second.result());
await theImport(); // it has ended: the id is free for the next one
await client.raiseEvent('import-orders', 'Imported', 'no orders');
