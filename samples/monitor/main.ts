import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Jobs } from './jobs.js';
import { WatchJob } from './watch-job.js';

await using hub = await connectTaskHub({ name: 'monitor', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [WatchJob], activities: [new Jobs()] });
await using client = new TaskHubClient(hub);

const backup = { job: 'backup', everyMilliseconds: 100, forMilliseconds: 60_000 };
console.log(await (await client.startNew(WatchJob, backup)).result());
const upload = { job: 'upload', everyMilliseconds: 200, forMilliseconds: 100 };
console.log(await (await client.startNew(WatchJob, upload)).result());
