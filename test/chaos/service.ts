/**
 * A service that tests run as a process of their own: all samples on one task hub, dying of its own kill -9 at a chosen
 * write. Arguments: server, hub, and optionally the number of the write and the moment.
 */
import { connectTaskHub, TaskHubWorker } from 'perdure';
import { Account } from '../../samples/bank/account.js';
import { Transfer } from '../../samples/bank/transfer.js';
import { Counter } from '../../samples/counter/counter.js';
import { Greetings } from '../../samples/hello/greetings.js';
import { HelloSequence } from '../../samples/hello/hello-sequence.js';
import { dyingAt, type Moment } from './dying-ports.js';

const [servers, name = 'chaos', write, moment = 'before'] = process.argv.slice(2);

// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

await using hub = await connectTaskHub({ name, servers });
const ports = write === undefined ? hub.ports : dyingAt(hub.ports, Number(write), moment as Moment);
await using worker = await TaskHubWorker.start(
  { ports },
  { entities: [Account, Counter], orchestrators: [HelloSequence, Transfer], activities: [new Greetings()] },
);
await worker.untilStopped();
