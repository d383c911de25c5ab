import { CorruptHistoryError } from '../errors.js';
import { decodeRecord, decodeRecordText } from '../wire/record-codec.js';
import type { LogRecord, PartRecord } from '../wire/record.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** A whole record of the log; one of several parts begins at `first` and counts as stored with its last part. */
export interface FoundRecord {
  readonly record: LogRecord;
  readonly first: number;
  readonly sequence: number;
}

/**
 * The records of the log from one sequence through another, whole and in order, with an unbroken chain (P9). Parts of a
 * set that is not complete have no effect (P7). Throws CorruptHistoryError when a record is missing or cannot be read.
 */
export async function* readRecords(
  { log, subjects }: Pick<PartitionPorts, 'log' | 'subjects'>,
  from: number,
  to: number,
): AsyncGenerator<FoundRecord> {
  let last = 0;
  let parts: readonly (readonly [number, PartRecord])[] = [];
  for await (const message of log.read(from, to)) {
    const { sequence } = message;
    const where = `Record ${sequence} of ${subjects.log}`;
    const record = decodeRecord(message.body, where);
    checkChain(message, record.prev, last === 0 ? undefined : last, { where, from });
    last = sequence;
    if (record.type !== 'part') {
      parts = [];
      yield { record, first: sequence, sequence };
      continue;
    }
    const [i, n] = record.part;
    parts = [...(i === 1 ? [] : parts), [sequence, record]];
    if (parts.length !== i) throw new CorruptHistoryError(`${where} is part ${i} of a record whose parts are missing.`);
    if (i < n) continue;
    yield { record: joined(parts, where), first: parts[0]![0], sequence };
    parts = [];
  }
}

function checkChain(
  { sequence }: StoredMessage,
  prev: number,
  last: number | undefined,
  { where, from }: { readonly where: string; readonly from: number },
): void {
  if (last === undefined ? sequence === from : prev === last) return;
  const missing = last === undefined ? from : last + 1;
  throw new CorruptHistoryError(
    `${where} follows record ${prev}, and record ${missing} is not where it should be: records are missing.`,
  );
}

function joined(parts: readonly (readonly [number, PartRecord])[], where: string): LogRecord {
  return decodeRecordText(parts.map(([, { text }]) => text).join(''), `${where}, of ${parts.length} parts,`);
}
