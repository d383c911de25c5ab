/** The worker's side of `npm run bench:messages`: takes mail, stores records and heads, tells of ends. Arguments: server, hub. */
import { AckPolicy, connect, DeliverPolicy, type JsMsg } from 'nats';
import { connectTaskHub } from 'perdure';
import { ALONE, HEADS, NOTICES, noticeOf, RECORDS } from './messages-of-hello.js';

const [servers, name] = process.argv.slice(2);
const { ports } = await connectTaskHub({ name: name!, servers: servers! });
const connection = await connect({ servers: servers! });
const stream = connection.jetstream();
const manager = await connection.jetstreamManager();
const bodyOf = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(120);
/** What some hellos take: so many messages of each kind, and what is in them. */
interface Hellos {
  readonly records: number;
  readonly record: Uint8Array;
  readonly heads: number;
  readonly head: Uint8Array;
  readonly notices: number;
  readonly notice: Uint8Array;
}

const ofTwelve: Hellos = {
  records: RECORDS.count,
  record: bodyOf(RECORDS.bytes),
  heads: HEADS.count,
  head: bodyOf(HEADS.bytes),
  notices: NOTICES.count,
  notice: bodyOf(NOTICES.bytes),
};
const ofOne: Hellos = {
  records: ALONE.records,
  record: bodyOf(ALONE.record),
  heads: 1,
  head: bodyOf(ALONE.head),
  notices: 1,
  notice: bodyOf(ALONE.notice),
};

for (let partition = 0; partition < ports.partitions; partition++) {
  const subjects = ports.subjects.partition(partition);
  let committed = Promise.resolve();
  const mail = subjects.streamName('mail');
  const consumer = { durable_name: 'bench', ack_policy: AckPolicy.None, deliver_policy: DeliverPolicy.All };
  await manager.consumers.add(mail, consumer);
  const source = await stream.consumers.get(mail, 'bench');
  await source.consume({
    max_messages: 500,
    callback: (message: JsMsg) => {
      const [number, kind] = message.string().trimEnd().split(' ');
      if (kind === 'alone') void commit(subjects, number!, ofOne);
      if (kind === 'last') committed = committed.then(() => commit(subjects, number!, ofTwelve));
    },
  });
}

/** One record behind the other; heads beside each other, and nobody waits for them. */
async function commit(
  subjects: ReturnType<typeof ports.subjects.partition>,
  number: string,
  { records, record, notices, notice, heads, head }: Hellos,
): Promise<void> {
  for (let i = 0; i < records; i++) await stream.publish(subjects.log, record);
  for (let i = 0; i < notices; i++) connection.publish(noticeOf(number), notice);
  for (let i = 0; i < heads; i++)
    void stream.publish(subjects.head(`o.h${number}-${i}`), head, { expect: { lastSubjectSequence: 0 } });
}

process.on('message', () => process.send?.({ memory: process.memoryUsage(), cpu: process.cpuUsage() }));
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
