/** What entities take whose inputs and states are large: `npm run bench:large-values [calls]`. */
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { startTestServer } from '../servers.js';

const CALLS = Number(process.argv[2] ?? 200);

/** Keeps the last text. */
@Entity('shelf')
class Shelf {
  state = { count: 0, text: '' };
  @Operation({ input: String }) keep(text: string): number {
    this.state.text = text;
    return ++this.state.count;
  }
}

const server = await startTestServer();
const hub = await connectTaskHub({ name: 'values', servers: server.url, partitions: 4 });
const worker = await TaskHubWorker.start(hub, { entities: [Shelf] });
const client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });

/** Calls of so many entities, one after another of each. */
async function measured(entities: number, bytes: number): Promise<void> {
  const each = CALLS / entities;
  const text = 'x'.repeat(bytes - 8);
  const keep = async (key: number): Promise<void> => {
    for (let at = 0; at < each; at++) await client.callEntity(Shelf, `${bytes}-${key}`).keep(text + at);
  };
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await Promise.all(Array.from({ length: entities }, (_, key) => keep(key)));
  const milliseconds = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${entities} entities, values of ${bytes} bytes: ${((1_000 * CALLS) / milliseconds).toFixed(1)} a second, ` +
      `${(milliseconds / each).toFixed(1)} ms a call, ${((user + system) / 1_000 / CALLS).toFixed(1)} ms of CPU time of worker and client`,
  );
}

await measured(4, 1_000); // warms up
for (const bytes of [1_000, 200_000, 270_000]) for (const entities of [1, 4]) await measured(entities, bytes);
await client.close();
await worker.stop();
await hub.close();
await server.stop();
