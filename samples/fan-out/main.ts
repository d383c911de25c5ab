import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Texts } from './texts.js';
import { WordCount } from './word-count.js';

const folder = resolve(process.argv[2] ?? 'samples/fan-out/texts');

await using hub = await connectTaskHub({ name: 'fan-out', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [WordCount], activities: [new Texts()] });
await using client = new TaskHubClient(hub);

const count = await client.startNew(WordCount, folder);
console.log(`Counting the words in ${folder}`);
const result = count.result();

// The result is pushed; the custom status is there for those who look.
for (let shown = '', ended = false; !ended;) {
  ended = await Promise.race([result.then(() => true), delay(20, false)]);
  const { customStatus } = await count.status();
  const progress = JSON.stringify(customStatus ?? {});
  if (progress !== shown) console.log(`progress ${progress}`);
  shown = progress;
}

const words = Object.entries(await result);
for (const [file, number] of words) console.log(`${String(number).padStart(8)} ${file}`);
console.log(`${String(words.reduce((sum, [, number]) => sum + number, 0)).padStart(8)} words in ${words.length} files`);
