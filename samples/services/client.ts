import { connectTaskHub, OrchestrationFailedError, TaskHubClient } from 'perdure';

/** Has no class of either service, and hosts nothing. */
await using hub = await connectTaskHub({ name: 'services', servers: process.env['NATS_URL'] });
await using client = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });

const before = await client.callEntity<number>('stock', 'lamp', 'pieces');
for (const pieces of [3, 90]) {
  const order = await client.startNew<string>('order', { article: 'lamp', pieces });
  try {
    console.log(await order.result());
  } catch (error) {
    if (!(error instanceof OrchestrationFailedError)) throw error;
    console.log(`no ${pieces} lamps: ${error.failureDetails.cause?.message}`);
  }
}
console.log(`${before - (await client.callEntity<number>('stock', 'lamp', 'pieces'))} lamps sold`);
