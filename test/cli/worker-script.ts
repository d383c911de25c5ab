/** A worker as users write one; its arguments: the server, and a word that makes it fail. */
import { getHeapStatistics } from 'node:v8';
import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Counter } from '../engine/bank.js';

const [servers, how] = process.argv.slice(2);
if (how === 'fail') throw new Error('It cannot run.');
if (how === 'end') console.log(`heap ${getHeapStatistics().heap_size_limit}`);
else {
  await using hub = await connectTaskHub({ name: 'supervised', servers });
  await using worker = await TaskHubWorker.start(hub, { entities: [Counter] });
  console.log(`pid ${process.pid}`);
  await worker.untilStopped();
  console.log(`stopped ${process.pid}`);
}
