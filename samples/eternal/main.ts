import { setTimeout as delay } from 'node:timers/promises';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { CleanUp, type Round } from './clean-up.js';
import { Files } from './files.js';

await using hub = await connectTaskHub({ name: 'eternal', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [CleanUp], activities: [new Files()] });
await using client = new TaskHubClient(hub);

const cleanUp = await client.startNew(CleanUp, { round: 1, everyMilliseconds: 100 }, { instanceId: 'clean-up' });
const round = async (): Promise<number> => ((await cleanUp.status()).input as Round).round;
while ((await round()) < 3) await delay(20);
await cleanUp.raiseEvent('Stop');
console.log(await cleanUp.result());
