import test from 'ava';
import { connectSession } from '../../lib/nats/connect.js';
import { openHub } from '../../lib/nats/hub.js';
import { natsHubPorts } from '../../lib/nats/hub-ports.js';
import { natsPartitionPorts } from '../../lib/nats/partition.js';
import { recordingLogger } from '../contract/harness.js';
import { portsContract } from '../contract/ports.js';
import { startTestServer, type TestServer } from '../servers.js';

let server: TestServer;
let hubs = 0;

test.before(async () => {
  server = await startTestServer();
});

test.after.always(() => server.stop());

portsContract(test, async () => {
  const logger = recordingLogger();
  const session = await connectSession({ servers: server.url, logger });
  const hub = await openHub(session, { name: `contract-${hubs++}`, partitions: 2 });
  return {
    hub: hub.name,
    store: hub.store,
    tasks: natsHubPorts(hub, logger).tasks,
    ports: (partition) => natsPartitionPorts(hub, partition, logger),
    settle: (promise) => promise,
    close: () => session.close(),
  };
});
