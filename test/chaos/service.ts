/**
 * A service that tests run as a process of their own: all samples on one task hub. Arguments: server, hub, and optionally
 * `far` (as on another machine), or the number of the write and the moment at which it dies of its own kill -9.
 */
import { connectTaskHub, TaskHubWorker } from 'perdure';
import type { HubPorts } from '../../lib/engine/ports.js';
import { dyingAt, type Moment } from './dying-ports.js';
import { hostedByService } from './service-classes.js';
import { farPorts } from './far-ports.js';

const [servers, name = 'chaos', write, moment = 'before'] = process.argv.slice(2);

function portsOf({ ports }: { readonly ports: HubPorts }): HubPorts {
  if (write === undefined) return ports;
  return write === 'far' ? farPorts(ports) : dyingAt(ports, Number(write), moment as Moment);
}

// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

await using hub = await connectTaskHub({ name, servers });
await using worker = await TaskHubWorker.start({ ports: portsOf(hub) }, hostedByService());
await worker.untilStopped();
