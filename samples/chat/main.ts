import { connectTaskHub, EntityOperationFailedError, TaskHubClient, TaskHubWorker } from 'perdure';
import { Reader, Room } from './room.js';

await using hub = await connectTaskHub({ name: 'chat', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { entities: [Room, Reader] });
await using client = new TaskHubClient(hub);

/** Follows a reader until so many lines have come. */
async function read(name: string, count: number): Promise<readonly string[]> {
  for await (const { entityState: lines = [] } of client.entities.watch(Reader, name))
    if (lines.length >= count) return lines;
  return [];
}

const room = client.callEntity(Room, 'tea');
for (const name of ['ann', 'ben']) await room.join(name);
const heard = read('ben', 4);

for (const text of ['hello', 'is anybody here?']) console.log(`post ${await room.post({ from: 'ann', text })}`);
try {
  await room.post({ from: 'eve', text: 'let me in' });
} catch (error) {
  if (!(error instanceof EntityOperationFailedError)) throw error;
  console.log(`refused: ${error.failureDetails.message}`);
}
await room.join('eve');
console.log(`post ${await room.post({ from: 'eve', text: 'bye' })}`);

for (const line of await heard) console.log(`  ben reads: ${line}`);
await room.close();
