import test from 'ava';
import { JetStream } from '../../lib/nats/jetstream.js';
import { fakeSession } from './fake-connection.js';

/** A connection on which some requests are refused for want of permissions. */
function openJetStream(isRefused: () => boolean) {
  const asked: string[] = [];
  const around = fakeSession(({ subject, reply }) => {
    asked.push(subject);
    if (!isRefused()) return reply({ error: { code: 400, description: 'consumer config required' } });
    const permissionContext = { operation: 'publish', subject };
    around.tell({ type: 'error', data: 'PERMISSIONS_VIOLATION', permissionContext });
  });
  return { jetStream: new JetStream(around.session), asked, ...around };
}

test('whether consumers may be made is tried once for all that ask at the same time, and what is refused is no error', async (t) => {
  const { jetStream, session, asked } = openJetStream(() => true);
  const all = ['a', 'a', 'b'].map((stream) => jetStream.mayCreateConsumers(stream));
  t.deepEqual(await Promise.all(all), [false, false, false]);
  t.false(await jetStream.mayCreateConsumers('a'));
  t.deepEqual(asked, ['$JS.API.CONSUMER.CREATE.a.none']);
  t.is(session.denial, undefined);
});

test('whether consumers may be made is tried again on the next connection', async (t) => {
  let isRefused = true;
  const { jetStream, asked, tell } = openJetStream(() => isRefused);
  t.false(await jetStream.mayCreateConsumers('a'));
  isRefused = false;
  tell({ type: 'disconnect', data: 'one:4222' });
  tell({ type: 'reconnect', data: 'one:4222' });
  await new Promise((resolve) => setImmediate(resolve));
  t.true(await jetStream.mayCreateConsumers('a'));
  t.is(asked.length, 2);
});
