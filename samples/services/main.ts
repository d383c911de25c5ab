import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectTaskHub } from 'perdure';

// Three programs on one hub; here they are started together, elsewhere on machines of their own.
await using hub = await connectTaskHub({ name: 'services', servers: process.env['NATS_URL'] });
const run = (name: string) =>
  spawn(process.execPath, [fileURLToPath(new URL(`${name}.js`, import.meta.url))], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NATS_URL: hub.url },
  });
const services = [run('shop-service'), run('warehouse-service')];
// What a service has is unknown until it was there once.
await Promise.all(services.map((service) => once(service, 'message')));

const [code] = (await once(run('client'), 'exit')) as [number | null];
for (const service of services) service.kill('SIGTERM');
await Promise.all(services.map(async (service) => service.exitCode ?? (await once(service, 'exit'))));
process.exitCode = code ?? 1;
