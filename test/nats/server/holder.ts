import { createInterface } from 'node:readline';
import { startEmbeddedServer } from '../../../lib/nats/server/embedded-server.js';

/**
 * A process with an embedded server, for tests that kill it. Argument: the data folder, or nothing for a temporary one.
 * It says who it is once the server answers and after every line `ensure`. At `stop` it stops the server and ends; at
 * `forget` it only has nothing more to do.
 */
const folder = process.argv[2];
const server = await startEmbeddedServer({ folder, temporary: folder === undefined, onProgress: () => {} });
report();
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') await server.stop();
  if (line !== 'ensure') break;
  await server.ensureRunning();
  report();
}

function report(): void {
  const { url, pid, owned, folder } = server;
  process.stdout.write(`${JSON.stringify({ url, pid, owned, folder })}\n`);
}
