import test from 'ava';
import { JetStream } from '../../lib/nats/jetstream.js';
import { PullConsumer } from '../../lib/nats/pull-consumer.js';
import { fakeSession } from './fake-connection.js';

const ignored = { onMessage: () => {}, onPullEnded: () => {}, onLost: () => {} };

test('a request that is not answered for some 10 s is told once, and asked until it is answered', async (t) => {
  const lines: string[] = [];
  let asked = 0;
  const { session } = fakeSession(({ reply }) => ++asked === 9 && reply({ config: {} }), lines);
  t.deepEqual(await new JetStream(session).info('S'), { config: {} } as never);
  t.is(asked, 9);
  t.deepEqual(lines, ['Stuck: STREAM.INFO.S has not been answered in 7 tries']);
});

test('P3: a consumer whose making is not answered is asked for twice, removed, and replaced by one of another name', async (t) => {
  const creations: string[] = [];
  const deletions: string[] = [];
  const { session } = fakeSession(({ subject, reply }) => {
    const name = subject.split('.').at(-1)!;
    if (subject.startsWith('$JS.API.CONSUMER.DELETE.S.')) deletions.push(name);
    if (!subject.startsWith('$JS.API.CONSUMER.CREATE.S.')) return;
    creations.push(name);
    if (name !== creations[0]) reply({ num_pending: 3 });
  });
  const consumer = new PullConsumer(new JetStream(session), 'S', ignored);
  t.is(await consumer.start(1), 3);
  const [first, again, second] = creations;
  t.deepEqual(creations, [first, first, second]);
  t.is(first, again);
  t.not(first, second);
  await new Promise((resolve) => setImmediate(resolve)); // what is sent leaves at the end of a turn
  t.deepEqual(deletions, [first]);
  consumer.close();
});

test('a consumer that is closed before it is made is made no more under other names', async (t) => {
  const creations: string[] = [];
  const { session } = fakeSession(({ subject }) => {
    if (subject.startsWith('$JS.API.CONSUMER.CREATE.S.')) creations.push(subject);
  });
  const consumer = new PullConsumer(new JetStream(session), 'S', ignored);
  const started = consumer.start(1);
  consumer.close();
  t.is(await started, 0);
  t.is(new Set(creations).size, 1);
});
