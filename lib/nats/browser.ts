import { connect } from 'nats.ws';
import { subjectsOf } from '../wire/subjects.js';
import { consoleLogger } from './console-logger.js';
import { checkOptions, openOn } from './hub-opening.js';
import { parseWebSocketServers } from './servers.js';
import { openSession, type Dial } from './session-opening.js';
import type { TaskHub, TaskHubOptions } from './task-hub.js';

/** Which task hub to connect to from a browser, and where. */
export interface BrowserTaskHubOptions extends Omit<TaskHubOptions, 'servers' | 'folder'> {
  /**
   * Addresses of the server's WebSocket listener such as `wss://nats.example.com` or `ws://user:password@localhost:8080`, several in
   * an array or separated by commas; the credentials are those of the first.
   */
  readonly servers: string | readonly string[];
}

/** Both libraries are made of one, and differ in the transport alone (docs/adr/0061). */
const dial = connect as unknown as Dial;

/**
 * Connects to a task hub over the server's WebSocket listener: what `connectTaskHub` of `perdure` does where there are no sockets but those. The
 * connection restores itself for ever. A page has the rights of its credentials: give it those of a client, never of a worker.
 *
 * @example
 * ```ts
 * import { connectTaskHub, TaskHubClient } from 'perdure/browser';
 *
 * const hub = await connectTaskHub({ name: 'bank', servers: 'wss://nats.example.com' });
 * const client = new TaskHubClient(hub);
 * for await (const { runtimeStatus } of client.getHandle('transfer-7').watch()) console.log(runtimeStatus);
 * ```
 *
 * @throws what `connectTaskHub` of `perdure` throws, but for the embedded server
 */
export async function connectTaskHub(options: BrowserTaskHubOptions): Promise<TaskHub> {
  checkOptions(options);
  const {
    name,
    servers,
    timeoutInMilliseconds,
    logger = consoleLogger('warn', (line) => console.warn(line)),
  } = options;
  const { inboxPrefix } = subjectsOf(name);
  const began = performance.now();
  const session = await openSession(parseWebSocketServers(servers), dial, {
    name: `perdure ${name}`,
    inboxPrefix,
    timeoutInMilliseconds,
    logger,
  });
  return openOn(session, options, logger, began);
}
