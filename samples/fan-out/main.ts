import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTaskHub, OrchestrationFailedError, TaskHubClient, TaskHubWorker } from 'perdure';
import { Texts } from './texts.js';
import { WordCount } from './word-count.js';

const folder = resolve(process.argv[2] ?? 'samples/fan-out/texts');

await using hub = await connectTaskHub({ name: 'fan-out', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [WordCount], activities: [new Texts()] });
await using client = new TaskHubClient(hub);

const count = await client.startNew(WordCount, folder);
console.log(`Counting the words in ${folder}`);
try {
  showWords(await resultWithProgress());
} catch (error) {
  if (!(error instanceof OrchestrationFailedError)) throw error;
  console.error(error.message); // such as: there is no such folder
  process.exitCode = 1;
}

/** The result is pushed; the custom status is there for those who look. */
async function resultWithProgress(): Promise<Record<string, number>> {
  const result = count.result();
  let shown = '';
  for (let isEnded = false; !isEnded;) {
    isEnded = await Promise.race([result.then(() => true), delay(20, false)]);
    const progress = JSON.stringify((await count.status()).customStatus ?? 'listing the files');
    if (progress !== shown) console.log(`progress ${progress}`);
    shown = progress;
  }
  return result;
}

function showWords(words: Record<string, number>): void {
  const counts = Object.entries(words);
  const total = counts.reduce((sum, [, number]) => sum + number, 0);
  for (const [file, number] of counts) console.log(`${String(number).padStart(8)} ${file}`);
  console.log(`${String(total).padStart(8)} words in ${counts.length} files`);
}
