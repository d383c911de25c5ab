import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { RateLimiter } from './rate-limiter.js';
import { SendMails } from './send-mails.js';

await using hub = await connectTaskHub({ name: 'rate-limiter', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { entities: [RateLimiter], orchestrators: [SendMails] });
await using client = new TaskHubClient(hub);

async function ask(customer: string, times: number): Promise<void> {
  const limiter = client.callEntity(RateLimiter, customer);
  const waits = await Promise.all(Array.from({ length: times }, () => limiter.take()));
  console.log(`${customer}: ${waits.map((wait) => (wait === 0 ? 'granted' : 'later')).join(', ')}`);
}

await ask('alice', 5);
await ask('bob', 1); // has a bucket of his own

const mails = await client.startNew(SendMails, { customer: 'carol', count: 4 });
console.log(`carol: 4 mails sent, ${(await mails.result()) > 0 ? 'not all' : 'all'} at once`);
