/** A service with messages that end their process, for `poison.test.ts`. Arguments: server and hub. */
import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Fuse, Stage } from './poison.js';

const [servers, name = 'poison'] = process.argv.slice(2);

// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

await using hub = await connectTaskHub({ name, servers });
await using worker = await TaskHubWorker.start(hub, { entities: [Fuse], orchestrators: [Stage] });
await worker.untilStopped();
