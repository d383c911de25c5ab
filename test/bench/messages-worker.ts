/** The worker's side of `npm run bench:messages`: takes mail, stores records and heads, tells of ends. Arguments: server, hub. */
import { AckPolicy, connect, DeliverPolicy, type JsMsg } from 'nats';
import { connectTaskHub } from 'perdure';
import { HEADS, NOTICES, noticeOf, RECORDS } from './messages-of-hello.js';

const [servers, name] = process.argv.slice(2);
const { ports } = await connectTaskHub({ name: name!, servers: servers! });
const connection = await connect({ servers: servers! });
const stream = connection.jetstream();
const manager = await connection.jetstreamManager();
const bodyOf = ({ bytes }: { readonly bytes: number }): Uint8Array => new Uint8Array(bytes).fill(120);
const [record, head, notice] = [bodyOf(RECORDS), bodyOf(HEADS), bodyOf(NOTICES)];

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
      const [number, isLast] = message.string().trimEnd().split(' ');
      if (isLast === 'last') committed = committed.then(() => commit(subjects, number!));
    },
  });
}

/** One record behind the other; heads beside each other, and nobody waits for them. */
async function commit(subjects: ReturnType<typeof ports.subjects.partition>, number: string): Promise<void> {
  for (let i = 0; i < RECORDS.count; i++) await stream.publish(subjects.log, record);
  for (let i = 0; i < NOTICES.count; i++) connection.publish(noticeOf(number), notice);
  for (let i = 0; i < HEADS.count; i++)
    void stream.publish(subjects.head(`o.h${number}-${i}`), head, { expect: { lastSubjectSequence: 0 } });
}

process.on('message', () => process.send?.({ memory: process.memoryUsage(), cpu: process.cpuUsage() }));
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
