/**
 * The worker's side of `npm run bench:messages`: takes mail, stores records and heads, tells of ends, through the ports that
 * the engine uses. Arguments: server, hub.
 */
import { connectTaskHub } from 'perdure';
import { ALONE, HEADS, NOTICE, NOTICES, noticeOf, RECORDS } from './messages-of-hello.js';

const [servers, name] = process.argv.slice(2);
const { ports } = await connectTaskHub({ name: name!, servers: servers! });
const bodyOf = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(120);

/** What some hellos take: so many messages of each kind, and what is in them. */
interface Hellos {
  readonly records: number;
  readonly record: Uint8Array;
  readonly heads: number;
  readonly head: Uint8Array;
  readonly notices: number;
  readonly noticeBytes: number;
}

const ofTwelve: Hellos = {
  records: RECORDS.count,
  record: bodyOf(RECORDS.bytes),
  heads: HEADS.count,
  head: bodyOf(HEADS.bytes),
  notices: NOTICES.count,
  noticeBytes: NOTICES.bytes,
};
const ofOne: Hellos = {
  records: ALONE.records,
  record: bodyOf(ALONE.record),
  heads: 1,
  head: bodyOf(ALONE.head),
  notices: 1,
  noticeBytes: ALONE.notice,
};

for (let partition = 0; partition < ports.partitions; partition++) {
  const { log, views, subjects, mailbox, bus } = ports.partition(partition);
  let end = 0;
  let committed = Promise.resolve();
  /** One record behind the other; heads beside each other, and nobody waits for them. */
  const commit = async (number: string, hellos: Hellos): Promise<void> => {
    for (let i = 0; i < hellos.records; i++) end = (await log.append(hellos.record, end))!;
    for (let i = 0; i < hellos.notices; i++) bus.publish(NOTICE, noticeOf(number, hellos.noticeBytes));
    for (let i = 0; i < hellos.heads; i++) void views.write(subjects.head(`o.h${number}-${i}`), hellos.head, 0);
  };
  const onBatch = async (batch: readonly { readonly body: Uint8Array }[]): Promise<void> => {
    for (const { body } of batch) {
      const [number, kind] = Buffer.from(body).toString().split(' ');
      if (kind === 'alone') committed = committed.then(() => commit(number!, ofOne));
      if (kind === 'last') committed = committed.then(() => commit(number!, ofTwelve));
    }
  };
  const losses = { onGap: () => {}, onRegressed: () => {} };
  mailbox.consume(1, onBatch, losses);
}

process.on('message', () => process.send?.({ memory: process.memoryUsage(), cpu: process.cpuUsage() }));
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
