import test from 'ava';
import { connectTaskHub, type TaskHub } from 'perdure';
import type { LossListener, StoredMessage } from '../../lib/engine/ports.js';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { MailConsumer } from '../../lib/nats/mail-consumer.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { removeMessage } from './remove-message.js';

/** A pull asks for so many messages, and for so many bytes. */
const PULL = 500;
const PULL_BYTES = 4 * 1024 * 1024;

const losses: LossListener = {
  onGap: (from, to) => {
    throw new Error(`A gap from ${from} to ${to}`);
  },
  onRegressed: (sequence) => {
    throw new Error(`Regressed to ${sequence}`);
  },
};

let server: TestServer;
let hub: TaskHub;
let jetStream: JetStream;

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'pulls', servers: server.url, partitions: 2 });
  jetStream = new JetStream(await connectSession({ servers: server.url, logger: recordingLogger() }));
});

test.after.always(async () => {
  await hub?.close();
  await jetStream?.session.close();
  await server?.stop();
});

async function fill(partition: number, count: number, body: Uint8Array): Promise<void> {
  const subject = hub.ports.subjects.partition(partition).mail('e.any.one');
  const mail = hub.ports.mailOf(partition);
  await Promise.all(Array.from({ length: count }, () => mail.send(subject, body)));
}

const streamOf = (partition: number): string => hub.ports.subjects.partition(partition).streamName('mail');

interface Consumers {
  readonly consumers: readonly { readonly delivered: { readonly consumer_seq: number } }[];
}

test('P4: while a batch is handled, at most one pull more waits; one that is served or used up replaces no consumer', async (t) => {
  const COUNT = 3_000;
  await fill(0, COUNT, Buffer.from('{}'));
  const lines: string[] = [];
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  let taken = 0;
  const take = async (batch: readonly StoredMessage[]): Promise<void> => {
    await opened;
    taken += batch.length;
  };
  const consumer = new MailConsumer(jetStream, streamOf(0), 1, take, losses, recordingLogger(lines));
  t.teardown(() => consumer.close());
  const delivered = async (): Promise<number> => {
    const { consumers } = await jetStream.demand<Consumers>(`CONSUMER.LIST.${streamOf(0)}`);
    return consumers.reduce((sum, { delivered: { consumer_seq: count } }) => sum + count, 0);
  };
  await until(async () => (await delivered()) >= PULL, 'the first pull');
  await jetStream.info(streamOf(0)); // a round trip: what was asked for too much would have been delivered by then
  t.true((await delivered()) <= 2 * PULL, `${await delivered()} were delivered while none was handled`);
  open();
  await until(() => taken === COUNT, 'all messages');
  t.deepEqual(lines, []);
});

test('a pull whose bytes are used up is followed by the next one of the same consumer', async (t) => {
  const SIZE = 900_000;
  const COUNT = 12;
  t.true(COUNT * SIZE > 2 * PULL_BYTES);
  await fill(1, COUNT, Buffer.alloc(SIZE, 'x'));
  const lines: string[] = [];
  let taken = 0;
  const take = async (batch: readonly StoredMessage[]): Promise<void> => void (taken += batch.length);
  const consumer = new MailConsumer(jetStream, streamOf(1), 1, take, losses, recordingLogger(lines));
  t.teardown(() => consumer.close());
  await until(() => taken === COUNT, 'all messages');
  t.deepEqual(lines, []);
});

test('P3: that nothing is left of a stream is told as one gap, also when the server says that it begins earlier', async (t) => {
  await jetStream.demand('STREAM.CREATE.EMPTY', { name: 'EMPTY', subjects: ['empty'] });
  const store = (): Promise<number | undefined> => jetStream.store('empty', Buffer.from('{}'), {});
  await store();
  await removeMessage(jetStream, 'EMPTY', 1);
  await store();
  await store();
  await removeMessage(jetStream, 'EMPTY', 3);
  await jetStream.purgeBelow('EMPTY', 3);
  t.like((await jetStream.info('EMPTY')).state, { messages: 0, first_seq: 2, last_seq: 3 }, 'no such server any more?');
  const gaps: (readonly [from: number, to: number])[] = [];
  const listener = { ...losses, onGap: (from: number, to: number) => void gaps.push([from, to]) };
  const consumer = new MailConsumer(jetStream, 'EMPTY', 1, () => Promise.resolve(), listener, recordingLogger());
  t.teardown(() => consumer.close());
  await until(() => gaps.length > 0, 'the gap');
  t.deepEqual(gaps, [[1, 3]]);
});

/** A stream that ends at 10, while its first consumer begins at 5: no server can be told to do that. */
function lagging(replicas: number): JetStream {
  const state = { messages: 10, first_seq: 1, last_seq: 10 };
  let listener = (_message: object): void => {};
  let pulls = 0;
  const session = {
    inboxPrefix: '_INBOX.test',
    maxBodyBytes: 1_000_000,
    clock: { observe: () => {}, about: () => () => {} },
    whenConnected: () => Promise.resolve(),
    listen: () => () => {},
    subscribe: (_inbox: string, onMessage: typeof listener) => {
      listener = onMessage;
      return { close: () => {} };
    },
    publish: (subject: string) => {
      if (!subject.includes('.MSG.NEXT.')) return;
      const reply = `$JS.ACK.S.c.1.${++pulls === 1 ? 5 : 11}.1.1735689600000000000.0`;
      listener({ subject: 'S', reply, data: Buffer.from('{}') });
    },
  };
  const info = () => Promise.resolve({ config: { num_replicas: replicas }, state });
  const get = () => Promise.resolve(undefined);
  const demandIn = () => Promise.resolve({ num_pending: 1 });
  return { session, info, get, demandIn } as unknown as JetStream;
}

for (const replicas of [3, 1])
  test(`P12: a consumer that begins too early tells of a loss only of a stream with one replica: ${replicas}`, async (t) => {
    const taken: number[] = [];
    const regressed: number[] = [];
    const listener = { ...losses, onRegressed: (sequence: number) => void regressed.push(sequence) };
    const take = async (batch: readonly StoredMessage[]): Promise<void> =>
      void taken.push(...batch.map(({ sequence }) => sequence));
    const consumer = new MailConsumer(lagging(replicas), 'S', 11, take, listener, recordingLogger());
    await until(() => taken.length + regressed.length > 0, 'a message or a loss');
    consumer.close();
    t.deepEqual([taken, regressed], replicas === 1 ? [[], [5]] : [[11], []]);
  });
