import test from 'ava';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer } from '../servers.js';

/** The server tells so many at a time. */
const PAGE = 100_000;
const REMOVED = 500;

test('more subjects than the server tells at a time are listed once each, while others are removed', async (t) => {
  t.timeout(60_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const session = await connectSession({ servers: server.url, logger: recordingLogger() });
  t.teardown(() => session.close());
  const jetStream = new JetStream(session);
  await jetStream.demand('STREAM.CREATE.S', { name: 'S', subjects: ['s.>'], storage: 'memory' });
  let stored = 0;
  const fill = async (): Promise<void> => {
    while (stored < PAGE + REMOVED) await jetStream.store(`s.${stored++}`, Buffer.alloc(0), {});
  };
  await Promise.all(Array.from({ length: 256 }, fill));

  const listed: string[] = [];
  for await (const subject of jetStream.subjects('S', 's.>')) {
    listed.push(subject);
    if (listed.length !== PAGE) continue;
    for (const told of listed.slice(0, REMOVED)) await jetStream.purgeSubject('S', told);
  }
  t.is(listed.length, PAGE + REMOVED);
  t.is(new Set(listed).size, listed.length);
});
