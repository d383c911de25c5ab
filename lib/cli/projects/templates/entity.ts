import { entityFile } from './parts.js';
import type { Files, Language } from './project.js';

/** An entity, and a service that hosts and calls it. */
export function entityStarter(language: Language, hub: string): Files {
  const extension = language === 'typescript' ? 'ts' : 'js';
  return {
    [`src/counter.${extension}`]: entityFile(language, { className: 'Counter', name: 'counter' }),
    [`src/service.${extension}`]: `import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Counter } from './counter.js';

const hub = await connectTaskHub({ name: '${hub}', servers: process.env['NATS_URL'] });
const worker = await TaskHubWorker.start(hub, { entities: [Counter] });
const client = new TaskHubClient(hub);

const starts = await client.callEntity(Counter, 'starts').add(1);
console.log(\`Starts of this service: \${starts}\`);
const stopped = worker.untilStopped(); // by SIGINT or SIGTERM, in good order
console.log('Ctrl-C stops the service.');
await stopped;
await client.close();
await hub.close();
`,
  };
}
