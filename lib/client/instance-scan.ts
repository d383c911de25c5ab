import type { Head } from '../wire/head.js';
import { readNote, summaryOf, type HeadSummary } from '../wire/head-summary.js';
import { decodeId } from '../wire/id-codec.js';
import type { CheckedFilter } from './instance-filter.js';
import { scanViews, type Found, type Scan, type ScannedPorts, type ScanPosition } from './view-scan.js';

/** An instance as its view told of it. */
export interface FoundInstance extends Found {
  readonly instanceId: string;
  readonly summary: HeadSummary;
}

/** The instances that fit a filter, as `scanViews` finds them. */
export function findInstances(ports: ScannedPorts, filter: CheckedFilter, from?: ScanPosition): Scan<FoundInstance> {
  const { addressPrefix } = filter;
  const search = {
    addresses: 'o.*',
    mayFit: (address: string, note: string | undefined) =>
      address.startsWith(addressPrefix) && (note === undefined || filter.mayFit(note)),
    ofNote: readNote,
    ofHead: (head: Head) => (head.type === 'orchestration' ? summaryOf(head) : undefined),
    found: (address: string, summary: HeadSummary, next: ScanPosition) =>
      filter.fits(summary) ? { instanceId: decodeId(address.slice('o.'.length)), summary, next } : undefined,
  };
  return scanViews(ports, search, from);
}
