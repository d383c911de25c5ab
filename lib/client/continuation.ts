import { InvalidContinuationTokenError } from '../errors.js';
import type { CheckedFilter } from './instance-filter.js';
import type { ScanPosition } from './instance-scan.js';

/** Version, partition, sequence, and of what: digits and letters only, so that it may stand anywhere. */
const pattern = /^1-(\d{1,4})-(\d{1,15})-([0-9a-f]{8})$/;

/** What a list belongs to: another hub or filter has other places. */
export interface ListScope {
  readonly hub: string;
  readonly partitions: number;
  readonly filter: CheckedFilter;
}

/** A place in a list as text. */
export function encodeContinuation({ partition, sequence }: ScanPosition, scope: ListScope): string {
  return `1-${partition}-${sequence}-${fingerprint(scope)}`;
}

/** The place that a token names. Throws InvalidContinuationTokenError. */
export function decodeContinuation(token: unknown, scope: ListScope): ScanPosition {
  const [, partition, sequence, of] = (typeof token === 'string' && pattern.exec(token)) || [];
  if (of === undefined) throw new InvalidContinuationTokenError('no page has said this');
  if (of !== fingerprint(scope)) throw new InvalidContinuationTokenError('it is of another filter or task hub');
  const position = { partition: Number(partition), sequence: Number(sequence) };
  if (position.partition < scope.partitions && position.sequence > 0) return position;
  throw new InvalidContinuationTokenError('no page has said this');
}

/** FNV-1a 32 of the UTF-16 units of what a list is of: against mistakes, not against malice. */
function fingerprint({ hub, partitions, filter }: ListScope): string {
  const text = JSON.stringify([hub, partitions, filter.text]);
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
