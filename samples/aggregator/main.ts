import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Sensor } from './sensor.js';

await using hub = await connectTaskHub({ name: 'aggregator', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { entities: [Sensor] });
await using client = new TaskHubClient(hub);

await client.signalEntity(Sensor, 'oslo').report(-4);
await client.signalMany(Sensor, [
  ['oslo', 'report', 2],
  ['rome', 'report', 14],
  ['oslo', 'report', -1],
]);
for (const place of ['oslo', 'rome']) {
  const { readings, lowest, highest, mean } = await client.callEntity(Sensor, place).summary();
  console.log(`${place}: ${readings} readings from ${lowest} to ${highest}, ${mean} on average`);
}
