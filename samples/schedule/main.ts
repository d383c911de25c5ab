import { setTimeout as delay } from 'node:timers/promises';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Digest, Mails } from './digest.js';

await using hub = await connectTaskHub({ name: 'schedule', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [Digest], activities: [new Mails()] });
await using client = new TaskHubClient(hub);

// Every second; '0 7 * * MON-FRI' with timeZone: 'Europe/Berlin' would be at 7 on weekdays.
const digest = await client.schedules.create('digest', { cron: '* * * * * *', start: [Digest, 'news'] });
while ((await digest.describe()).counts.started < 3) await delay(100);
await digest.pause('enough for today');
for (const { scheduleId, isPaused, note } of await client.schedules.list())
  console.log(`${scheduleId} ${isPaused ? `is paused: ${note}` : 'goes on'}`);
await digest.delete();
