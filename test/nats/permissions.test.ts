import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { Greetings } from '../../samples/hello/greetings.js';
import { HelloSequence } from '../../samples/hello/hello-sequence.js';
import { recordingLogger } from '../contract/harness.js';
import { until } from '../until.js';
import { startBareServer } from './bare-server.js';

const configured =
  (permissions = '') =>
  (folder: string): string =>
    `jetstream { store_dir: "${folder}" }\nauthorization { users: [ { user: w, password: w${permissions} }, { user: c, password: c } ] }`;

const greetings = ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'];

for (const right of ['publish', 'subscribe'])
  test(`permissions to ${right} that are taken away stop a worker, which says so; given back, it goes on, and all is done once`, async (t) => {
    const server = await startBareServer(configured());
    t.teardown(() => server.stop());
    const lines: string[] = [];
    const connect = async (user: string, logger = recordingLogger()) => {
      const servers = `nats://${user}:${user}@${server.address}`;
      const hub = await connectTaskHub({ name: 'allowed', servers, partitions: 2, logger });
      t.teardown(() => hub.close());
      return hub;
    };
    const worker = await TaskHubWorker.start(await connect('w', recordingLogger(lines)), {
      orchestrators: [HelloSequence],
      activities: [new Greetings()],
      entities: [Counter],
    });
    t.teardown(() => worker.stop());
    const client = new TaskHubClient(await connect('c'), { timeoutInMilliseconds: 60_000 });
    t.teardown(() => client.close());
    t.is(await client.callEntity(Counter, 'k').add({ by: 1 }), 1);

    await server.reload(configured(`, permissions: { ${right}: { deny: ">" } }`));
    await until(() => lines.some((line) => line.includes('PERMISSIONS_VIOLATION')), 'the refusal to be told');
    const sequence = await client.startNew(HelloSequence);
    let isAnswered = false;
    const called = client.callEntity(Counter, 'k').add({ by: 1 });
    void called.then(() => (isAnswered = true));
    await client.signalEntity(Counter, 'k').add({ by: 10 }); // the client itself may do all that it could
    t.false(isAnswered);

    await server.reload(configured());
    t.is(await called, 2);
    t.deepEqual(await sequence.result(), greetings);
    t.is(await client.callEntity(Counter, 'k').get(), 12);
    const refusals = lines.filter((line) => line.includes('The server refused something'));
    t.regex(refusals.join('\n'), right === 'publish' ? /publish on / : /subscription on /);
    t.true(refusals.length < 100, `${refusals.length} lines`);
  });
