import { readFileSync } from 'node:fs';
import test from 'ava';
import { connect, StorageType } from 'nats';
import { startTestServer } from '../servers.js';

interface PartitionVector {
  readonly address: string;
  readonly partitions: Readonly<Record<string, number>>;
}

const vectors = JSON.parse(readFileSync('test/golden/partition.json', 'utf8')) as readonly PartitionVector[];

test('the golden partitions are those of the server’s own subject mapping', async (t) => {
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const connection = await connect({ servers: server.url });
  t.teardown(() => connection.close());
  const manager = await connection.jetstreamManager();

  // Addresses of orchestration instances have two tokens, those of entities three: a stream for each, and for each P.
  const addStream = async (partitions: number, tokens: string) => {
    const wildcards = Array.from(tokens, () => '*').join('.');
    const src = `p${partitions}.${wildcards}`;
    const dest = `to.{{partition(${partitions},${Array.from(tokens).join(',')})}}`;
    const name = `P${partitions}-${tokens.length}`;
    await manager.streams.add({ name, subjects: [src], storage: StorageType.Memory, subject_transform: { src, dest } });
  };
  for (const partitions of [8, 13]) for (const tokens of ['12', '123']) await addStream(partitions, tokens);

  const partitionAtServer = async (address: string, partitions: string): Promise<number> => {
    const { stream, seq } = await connection.jetstream().publish(`p${partitions}.${address}`);
    const { subject } = await manager.streams.getMessage(stream, { seq });
    return Number(subject.slice('to.'.length));
  };
  t.plan(2 * vectors.length);
  for (const { address, partitions } of vectors)
    for (const [count, partition] of Object.entries(partitions))
      t.is(await partitionAtServer(address, count), partition, `${address} of ${count}`);
});
