/**
 * One of several services on one task hub, as a process of its own: it has some of the classes, and the others have the
 * rest. Arguments: server, hub, and which.
 */
import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Collecting, Countdown, Counting, Diary, Greeter, Journey, Ledger, Sleep } from '../worker/services.js';

const parts = {
  flows: { orchestrators: [Journey, Counting, Collecting, Countdown] },
  books: { entities: [Ledger] },
  rest: { entities: [Diary], orchestrators: [Sleep], activities: [new Greeter()] },
};

const [servers, name = 'parts', part = 'flows'] = process.argv.slice(2);

// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

await using hub = await connectTaskHub({ name, servers });
await using worker = await TaskHubWorker.start(hub, parts[part as keyof typeof parts]);
await worker.untilStopped();
