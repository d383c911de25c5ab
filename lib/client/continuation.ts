import { InvalidContinuationTokenError } from '../errors.js';
import { hashOf } from '../wire/text-hash.js';
import type { ScanPosition } from './view-scan.js';

/** Version, partition, sequence, and of what: digits and letters only, so that it may stand anywhere. */
const pattern = /^1-(\d{1,4})-(\d{1,15})-([0-9a-f]{8})$/;

/** What a list belongs to: another hub or filter has other places. */
export interface ListScope {
  readonly hub: string;
  readonly partitions: number;
  /** With the same text for the same filter. */
  readonly filter: { readonly text: string };
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

/** Of what a list is: against mistakes, not against malice. */
function fingerprint({ hub, partitions, filter }: ListScope): string {
  const hash = hashOf(JSON.stringify([hub, partitions, filter.text]));
  return (hash >>> 0).toString(16).padStart(8, '0');
}
