import test from 'ava';
import { ClientSessions, type SessionNews } from '../../lib/engine/client-sessions.js';
import { PartitionTables } from '../../lib/engine/tables.js';
import { encodeDrawer } from '../../lib/wire/checkpoint-codec.js';
import type { CommitRecord, StepEntry } from '../../lib/wire/record.js';
import { messageIdOf, sessionId } from '../../lib/wire/sessions.js';
import { usedHeapBytes } from '../used-heap.js';

/** A partition's tables, and the records that its clients' messages make of them. */
class Partition {
  readonly tables = new PartitionTables();
  readonly #sessions = new ClientSessions(this.tables.sessions);
  #sequence = 0;

  record(news: readonly SessionNews[], steps: readonly StepEntry[] = []): void {
    const at = ++this.#sequence;
    for (const item of news) this.#sessions.take(item);
    const record: CommitRecord = {
      v: 1,
      type: 'commit',
      epoch: 1,
      commit: 'c',
      prev: at - 1,
      at,
      counter: at,
      accepted: at,
      ...this.#sessions.accept(news, at),
      steps,
    };
    this.tables.apply(record, at);
    this.#sessions.acknowledged();
  }
}

const idOf = (client: number) => sessionId(client + 1, `client${String(client).padStart(16, '0')}`);

/** Clients that have so many outcomes each and receive none; 100 of them in a record. */
function load(clients: number, outcomes: number, result: (client: number) => unknown): Partition {
  const partition = new Partition();
  for (let first = 0; first < clients; first += 100) {
    const ids = Array.from({ length: Math.min(100, clients - first) }, (_, i) => idOf(first + i));
    const steps = ids.flatMap((id, i) =>
      Array.from({ length: outcomes }, (_, n) => ({
        to: 'e.counter.k',
        outcome: { id: messageIdOf(id, n + 1), result: result(first + i) },
      })),
    );
    partition.record(
      ids.map((id) => ({ id, mark: outcomes })),
      steps as unknown as StepEntry[],
    );
  }
  return partition;
}

/** Of 10,000 clients at least so many keep their sessions. */
type Row = readonly [what: string, kept: number, outcomes: number, result: (client: number) => unknown];

const rows: readonly Row[] = [
  ['that have received all outcomes', 10_000, 0, () => 0],
  ['with 20 small outcomes each', 10_000, 20, () => ({ balance: 5, at: [1, 2, 3] })],
  ['with an outcome of 20 KB each', 1_600, 1, (client) => `${client}`.padEnd(20_000, 'x')],
  ['with an outcome of 20 KB of Chinese each', 1_600, 1, (client) => `${client}`.padEnd(10_000, '中')],
];

for (const [what, kept, outcomes, result] of rows)
  test.serial(`P5: 10,000 clients ${what} take less than 64 MB of memory, and the last ${kept} stay`, (t) => {
    const before = usedHeapBytes();
    const { tables } = load(10_000, outcomes, result);
    const bytes = usedHeapBytes() - before;
    const { size } = tables.sessions;
    const drawers = tables.sessions.takeChanged().values();
    const stored = Array.from(drawers, (sessions) => encodeDrawer(sessions).length).reduce(
      (sum, length) => sum + length,
    );
    t.log(`${size} sessions: ${(bytes / 1e6).toFixed(1)} MB of memory, checkpoint ${(stored / 1e6).toFixed(1)} MB`);
    t.true(bytes <= 64e6, `${bytes}`);
    t.true(size >= kept, `${size}`);
    for (let client = 10_000 - kept; client < 10_000; client++) t.true(tables.sessions.has(idOf(client)), `${client}`);
    t.true(tables.sessions.bytes <= 39 * 1024 * 1024, 'the bound, and the last records');
  });

test('P5: what a checkpoint holds of sessions is what they were', (t) => {
  const partition = load(3, 2, (client) => client);
  partition.record([{ id: idOf(1), mark: 9, done: [1, 5], skipped: [[3, 4]] }]);
  const { tables } = partition;
  const restored = new PartitionTables();
  const clients = [...tables.sessions.takeChanged().values()].flat();
  restored.restore({ v: 1, low: 1, ...tables.snapshot(), clients });
  t.deepEqual(restored.snapshot(), tables.snapshot());
  t.is(restored.sessions.bytes, tables.sessions.bytes);
  for (let number = 1; number <= 10; number++)
    t.deepEqual(restored.sessions.answer(idOf(1), number, 99), tables.sessions.answer(idOf(1), number, 99));
});
