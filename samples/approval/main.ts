import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { ExpenseClaim, type Decision } from './expense-claim.js';
import { Mails } from './mails.js';

await using hub = await connectTaskHub({ name: 'approval', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [ExpenseClaim], activities: [new Mails()] });
await using client = new TaskHubClient(hub);

const desk = await client.startNew(ExpenseClaim, { what: 'a desk', answerWithinMilliseconds: 60_000 });
await desk.raiseEvent('Decision', { by: 'Mona', isApproved: true } satisfies Decision); // from a web page, say
console.log(await desk.result());

const yacht = await client.startNew(ExpenseClaim, { what: 'a yacht', answerWithinMilliseconds: 200 });
console.log(await yacht.result());
