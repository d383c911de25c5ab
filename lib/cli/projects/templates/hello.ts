import { activityFile, orchestratorFile } from './parts.js';
import type { Files, Language } from './project.js';

/** An orchestrator that calls an activity, and a service that hosts both; with an HTTP API or without. */
export function helloStarter(language: Language, hub: string, withHttp: boolean): Files {
  const extension = language === 'typescript' ? 'ts' : 'js';
  const greetings = { className: 'Greetings', method: 'hello' };
  return {
    [`src/greetings.${extension}`]: activityFile(language, greetings),
    [`src/hello.${extension}`]: orchestratorFile(language, { className: 'Hello', name: 'hello' }, greetings),
    [`src/service.${extension}`]: withHttp ? httpService(hub) : helloService(hub),
  };
}

const imports = `import { Greetings } from './greetings.js';
import { Hello } from './hello.js';
`;

const hosting = (hub: string): string => `
const hub = await connectTaskHub({ name: '${hub}', servers: process.env['NATS_URL'] });
const worker = await TaskHubWorker.start(hub, { orchestrators: [Hello], activities: [new Greetings()] });
const client = new TaskHubClient(hub);
`;

const untilStopped = `
const stopped = worker.untilStopped(); // by SIGINT or SIGTERM, in good order
console.log('Ctrl-C stops the service.');
await stopped;
await client.close();
await hub.close();
`;

function helloService(hub: string): string {
  return `import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
${imports}${hosting(hub)}
const hello = await client.startNew(Hello, 'world');
console.log(await hello.result());
${untilStopped.trimStart()}`;
}

function httpService(hub: string): string {
  return `import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { HttpApi } from 'perdure/http';
import { serveHttpApi } from 'perdure/http/node';
${imports}${hosting(hub)}
const api = new HttpApi(client, { orchestrators: [Hello] });
const server = await serveHttpApi(api, { port: Number(process.env['PORT'] ?? 8080) });
const url = \`\${server.url}\${api.basePath}/orchestrators/hello?timeout=10&pollingInterval=1\`;
console.log(\`curl -X POST -H 'content-type: application/json' -d '"world"' '\${url}'\`);
${untilStopped.trimStart().replace('await client', 'await server.close();\nawait client')}`;
}
