import test from 'ava';
import { connectTaskHub, type TaskHub } from 'perdure';
import type { Note } from '../../lib/engine/ports.js';
import { connectSession } from '../../lib/nats/connect.js';
import { directNotes } from '../../lib/nats/direct-notes.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';

/** More than one pull asks for. */
const COUNT = 12_000;

let server: TestServer;
let hub: TaskHub;
let jetStream: JetStream;

const subjects = () => hub.ports.subjects.partition(0);
const views = () => hub.ports.viewsOf(0);
const stream = () => subjects().streamName('state');
const expected = Array.from({ length: COUNT }, (_, n) => n);

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'notes', servers: server.url, partitions: 1 });
  jetStream = new JetStream(await connectSession({ servers: server.url, logger: recordingLogger() }));
  const body = new Uint8Array(10);
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < COUNT) {
      const n = next++;
      await views().write(subjects().head(`o.${n}`), body, 0, `${n}`);
    }
  };
  await Promise.all(Array.from({ length: 200 }, write));
});
test.after.always(async () => {
  await hub?.close();
  await jetStream?.session.close();
  await server?.stop();
});

async function consumers(): Promise<readonly string[]> {
  const { consumers: names } = await jetStream.demand<{ consumers: string[] | null }>(`CONSUMER.NAMES.${stream()}`);
  return names ?? [];
}

const sorted = (notes: readonly (string | undefined)[]): number[] => notes.map(Number).toSorted((a, b) => a - b);

for (const wantsMany of [false, true])
  test.serial(`all notes come once, also over several pulls; many wanted: ${wantsMany}`, async (t) => {
    const found: (string | undefined)[] = [];
    let last = 0;
    for await (const batch of views().notes(subjects().head('o.*'), 1, wantsMany))
      for (const { sequence, note } of batch) {
        t.true(sequence > last);
        last = sequence;
        found.push(note);
      }
    t.deepEqual(sorted(found), expected);
    await until(async () => (await consumers()).length === 0, 'the consumer to be gone');
  });

test.serial('a consumer that the server forgets is replaced, and no note is lost or comes twice', async (t) => {
  const found: (string | undefined)[] = [];
  let forgotten = 0;
  for await (const batch of views().notes(subjects().head('o.*'), 1)) {
    found.push(...batch.map(({ note }) => note));
    if (forgotten === 3) continue;
    for (const name of await consumers()) {
      await jetStream.demand(`CONSUMER.DELETE.${stream()}.${name}`, {});
      forgotten++;
    }
  }
  t.is(forgotten, 3);
  t.deepEqual(sorted(found), expected);
});

test.serial('who does not take what has come is not sent more than a pull', async (t) => {
  const iterator = views().notes(subjects().head('o.*'), 1)[Symbol.asyncIterator]();
  await iterator.next();
  const [name] = await consumers();
  const delivered = async (): Promise<number> => {
    const { num_pending: left } = await jetStream.demand<{ num_pending: number }>(`CONSUMER.INFO.${stream()}.${name!}`);
    return COUNT - left;
  };
  await until(async () => (await delivered()) >= 500, 'the first pull to be served');
  const before = await delivered();
  t.true(before <= 10_500, `${before}`);
  await iterator.return?.();
  await until(async () => (await consumers()).length === 0, 'the consumer to be gone');
});

test.serial('notes end with their connection', async (t) => {
  const other = await connectTaskHub({ name: 'notes', servers: server.url });
  const iterator = other.ports.viewsOf(0).notes(subjects().head('o.*'), 1)[Symbol.asyncIterator]();
  await iterator.next();
  await other.close();
  const drained = async (): Promise<void> => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
  };
  await t.throwsAsync(drained(), { code: 'PERDURE_CLOSED' });
});

test.serial(
  'who may have no consumers reads the same notes, also over several answers and from the middle',
  async (t) => {
    const byConsumer: Note[] = [];
    for await (const batch of views().notes(subjects().head('o.*'), 1, true)) byConsumer.push(...batch);
    for (const from of [1, 7_001, byConsumer.at(-1)!.sequence + 1]) {
      const direct: Note[] = [];
      for await (const batch of directNotes(jetStream, stream(), subjects().head('o.*'), from)) direct.push(...batch);
      t.deepEqual(
        direct,
        byConsumer.filter(({ sequence }) => sequence >= from),
      );
    }
    for await (const batch of directNotes(jetStream, stream(), subjects().head('e.>'), 1))
      t.fail(`${batch.length} notes`);
  },
);
