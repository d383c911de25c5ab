import { decodeRecord } from '../../lib/wire/record-codec.js';
import type { HistoryEvent } from '../../lib/core/history.js';
import { parseAddress } from '../../lib/wire/addresses.js';
import { MemoryTaskHub } from '../worker/memory-world.js';
import { hosted } from './programs.js';
import type { RecordedRun } from './recorded-history.js';

/** A program that is run: its orchestrator, its input, and what happens while it runs. */
export interface Program {
  readonly orchestrator: string;
  readonly input?: unknown;
  /** Events that are raised, each after so many milliseconds. */
  readonly events?: readonly (readonly [wait: number, name: string, data: unknown])[];
}

/** The programs whose runs are recorded, each in the file of its name. */
export const programs: Readonly<Record<string, Program>> = {
  hello: { orchestrator: 'hello' },
  'fan-out': { orchestrator: 'fan-out', input: 12 },
  timers: { orchestrator: 'timers' },
  race: { orchestrator: 'race', events: [[1_500, 'ANSWER', 'yes']] },
  events: {
    orchestrator: 'events',
    events: [
      [100, 'one', 1],
      [100, 'One', { two: 2 }],
      [100, 'Two', [3]],
    ],
  },
  parent: { orchestrator: 'parent' },
  rounds: {
    orchestrator: 'rounds',
    input: 1,
    events: [
      [100, 'Next', 1],
      [50, 'Next', 2],
      [50, 'next', 3],
    ],
  },
  trade: { orchestrator: 'trade' },
  retries: { orchestrator: 'retries', input: 'a thing' },
  failing: { orchestrator: 'failing' },
  parcel: { orchestrator: 'parcel', input: { to: 'Oslo', pieces: 2 } },
  patched: { orchestrator: 'patched' },
  versioned: { orchestrator: 'versioned' },
  waiting: { orchestrator: 'waiting', input: 'Ada', events: [[200, 'Go', 'went']] },
};

/** Runs a program in virtual time, and reads from the log what its instances lived through. */
export async function run(name: string, { orchestrator, input, events = [] }: Program): Promise<RecordedRun> {
  const hub = new MemoryTaskHub(1);
  const executions: { instanceId: string; history: HistoryEvent[] }[] = [];
  const current = new Map<string, HistoryEvent[]>();
  hub.hub.streams(0).log.observe(({ body }) => {
    const record = decodeRecord(body, 'A record');
    if (record.type !== 'commit') return;
    for (const { to, events: appended = [] } of record.steps) {
      for (const event of appended) {
        if (event.type === 'ExecutionStarted') {
          const addressee = parseAddress(to);
          const history: HistoryEvent[] = [];
          current.set(to, history);
          executions.push({ instanceId: addressee.kind === 'orchestration' ? addressee.instanceId : to, history });
        }
        current.get(to)!.push(event);
      }
    }
  });
  await hub.start('worker', hosted());
  const handle = await hub.settle(hub.client.startNew(orchestrator, input, { instanceId: name }));
  for (const [wait, event, data] of events) {
    await hub.advance(wait);
    await hub.settle(handle.raiseEvent(event, data));
  }
  await hub.settle(handle.result().catch(() => {}));
  const { runtimeStatus, output, failure } = await hub.settle(handle.status());
  await hub.advance(1_000); // its children have ended, too
  return {
    instanceId: name,
    outcome: { runtimeStatus, ...(output !== undefined && { output }), ...(failure && { failure: failure.message }) },
    executions,
  };
}
