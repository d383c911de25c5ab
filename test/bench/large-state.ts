/** What small changes of a large state write: `npm run bench:large-state [changes]`. */
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { startTestServer } from '../servers.js';
import { holdTo } from './bounds.js';

const CHANGES = Number(process.argv[2] ?? 2_000);
const ROW = 200;
/** 1 MB, and 100 KB, which fits a message; and the most that a change may write to the streams and the object store on average, as a share of the state: */
const sizes = [
  { key: 'a', rows: 5_000, most: 0.05, mostWithHead: 0.05 },
  { key: 'b', rows: 500, most: 0.05, mostWithHead: 0.4 },
];

/** Rows, of which a change writes 20 bytes. */
@Entity('table')
class Table {
  state = { rows: [] as string[] };
  @Operation({ input: Number }) fill(rows: number): number {
    this.state.rows = Array.from({ length: rows }, (_, at) => `${at}.`.repeat(ROW).slice(0, ROW));
    return JSON.stringify(this.state).length;
  }
  @Operation({ input: 'unknown' }) write([at, text]: [number, string]): void {
    const row = this.state.rows[at]!;
    this.state.rows[at] = text + row.slice(text.length);
  }
  @Operation({ readonly: true }) sum(): number {
    return this.state.rows.reduce((sum, row) => sum + row.length, 0);
  }
}

const server = await startTestServer();
const hub = await connectTaskHub({ name: 'large', servers: server.url, partitions: 1 });
const worker = await TaskHubWorker.start(hub, { entities: [Table] });
const client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });

const watched = {
  log: ['pd.large.0.l'],
  heads: ['pd.large.0.s.>'],
  mail: ['pd.large.0.m.>'],
  objects: ['$O.PD-large-values.C.>', '$O.PD-large-values.M.>'],
};
type Kind = keyof typeof watched;
const kinds = Object.keys(watched) as Kind[];
const written = new Map<Kind, { messages: number; bytes: number }>();
for (const kind of kinds)
  for (const subject of watched[kind])
    hub.ports.bus.subscribe(subject, (body) => {
      const sum = written.get(kind) ?? { messages: 0, bytes: 0 };
      written.set(kind, { messages: sum.messages + 1, bytes: sum.bytes + body.length });
    });

/** What is written until the heads have followed, and how long the changes took. */
async function measured(what: string, changes: number, change: (at: number) => Promise<unknown>): Promise<number> {
  await quiet();
  written.clear();
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  for (let at = 0; at < changes; at++) await change(at);
  const milliseconds = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  await quiet();
  const bytes = kinds.reduce((sum, kind) => sum + (written.get(kind)?.bytes ?? 0), 0);
  const parts = kinds.map((kind) => `${kind} ${written.get(kind)?.bytes ?? 0} (${written.get(kind)?.messages ?? 0})`);
  console.log(`${what}: ${changes} changes of 20 bytes in ${Math.round(milliseconds)} ms`);
  console.log(`  bytes (messages) written: ${parts.join(', ')}`);
  console.log(
    `  ${Math.round(bytes / changes)} bytes a change, ${((user + system) / 1_000 / changes).toFixed(2)} ms of CPU time`,
  );
  return bytes / changes;
}

const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_500));
const text = (at: number): string => `change ${String(at).padStart(13, '.')}`;

for (const { key, rows, most, mostWithHead } of sizes) {
  const bytes = await client.callEntity(Table, key).fill(rows);
  console.log(`A state of ${bytes} bytes: as a whole, ${CHANGES} changes would write ${bytes * CHANGES}.`);
  const write = (at: number): Promise<void> => client.callEntity(Table, key).write([at % rows, text(at)]);
  const one = await measured('one after another', CHANGES, write);
  const slow = await measured('one every 150 ms, so that each has a head of its own', CHANGES / 10, async (at) => {
    await write(CHANGES + at);
    await new Promise((resolve) => setTimeout(resolve, 150));
  });
  if ((await client.callEntity(Table, key).sum()) !== rows * ROW) throw new Error('The state is not what it has to be');
  holdTo(`bytes of a change of ${bytes}, as a share of the state`, one / bytes, most);
  holdTo(`bytes of a change of ${bytes} with a head, as a share of the state`, slow / bytes, mostWithHead);
}
await client.close();
await worker.stop();
await hub.close();
await server.stop();
