import { decodeStored } from './body.js';
import { count, dictionary, finite, object, oneOf, optional, ShapeError, string, type Shape } from './shapes.js';
import { encodeText } from './text-encoding.js';

/** The most partitions that a task hub may have. */
export const mostPartitions = 1024;

/** What a task hub's bucket says of the hub itself. Format version 1. */
export interface HubRecord {
  readonly v: 1;
  readonly partitions: number;
  readonly createdAt: number;
  /** When each stream was created, as far as it was by then. */
  readonly streams?: Readonly<Record<string, string>>;
  /** The sequence of the mark of each stream that has one. A hub of an earlier build has none. */
  readonly marks?: Readonly<Record<string, number>>;
}

export function encodeHubRecord(record: HubRecord): Uint8Array {
  return encodeText(JSON.stringify(record));
}

/** Throws CorruptHistoryError or VersionTooNewError; `where` names the record in both. */
export function decodeHubRecord(body: Uint8Array, where: string): HubRecord {
  return decodeStored(body, where, hubRecord);
}

const partitions: Shape<number> = (value) => {
  const found = count(value);
  if (found < 1 || found > mostPartitions) throw new ShapeError(`must be from 1 to ${mostPartitions}`);
  return found;
};

const hubRecord = object<HubRecord>({
  v: oneOf(1),
  partitions,
  createdAt: finite,
  streams: optional(dictionary(string, string)),
  marks: optional(dictionary(string, count)),
});
