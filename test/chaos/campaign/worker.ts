/**
 * A worker process of a chaos run: the programs on one task hub, telling ten times a second that it lives and what it
 * has counted. The others take it for a process on another machine. Arguments: servers, hub.
 */
import { connectTaskHub, TaskHubWorker, type Logger } from 'perdure';
import { farPorts } from '../far-ports.js';
import { counting, noCounts, type PortCounts } from './counting-ports.js';
import { keptForAudit } from './kept-logs.js';
import { hosted } from './programs.js';

/** What a worker tells the campaign. */
export interface Beat {
  readonly kind: 'beat' | 'ready' | 'log';
  /** Milliseconds since the beat before, by the worker's own clock: how long it stood still. */
  readonly gap?: number;
  readonly counts?: PortCounts;
  readonly line?: string;
}

/** What the campaign tells its workers: the last record of each partition that the audit has read. */
export interface AuditPlace {
  readonly readUpTo: readonly number[];
}

const BEAT = 100;
const [servers, name = 'chaos'] = process.argv.slice(2);
const tell = (beat: Beat): void => void process.send?.(beat);

// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

let readUpTo: readonly number[] = [];
process.on('message', (place: AuditPlace) => (readUpTo = place.readUpTo));

const logAs = (level: string) => (message: string, fields: object) =>
  tell({ kind: 'log', line: `${level} ${message} ${JSON.stringify(fields)}` });
const logger: Logger = { debug: () => {}, info: () => {}, warn: logAs('warn'), error: logAs('error') };

const counts = noCounts();
let beatAt = performance.now();
setInterval(() => {
  const now = performance.now();
  tell({ kind: 'beat', gap: now - beatAt, counts });
  beatAt = now;
}, BEAT).unref();

await using hub = await connectTaskHub({ name, servers, logger });
const ports = counting(
  keptForAudit(farPorts(hub.ports), () => readUpTo, counts),
  counts,
);
await using worker = await TaskHubWorker.start({ ports }, hosted());
tell({ kind: 'ready' });
await worker.untilStopped();
