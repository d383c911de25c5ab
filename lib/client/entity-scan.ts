import type { EntityId } from '../core/history.js';
import { parseAddress } from '../wire/addresses.js';
import { entitySummaryOf, readEntityNote, type EntitySummary } from '../wire/entity-note.js';
import type { Head } from '../wire/head.js';
import type { CheckedEntityFilter } from './entity-filter.js';
import { scanViews, type Found, type Scan, type ScannedPorts, type ScanPosition } from './view-scan.js';

/** An entity as its view told of it. */
export interface FoundEntity extends Found {
  readonly entity: EntityId;
  readonly summary: EntitySummary;
}

/** The entities that fit a filter, as `scanViews` finds them. */
export function findEntities(ports: ScannedPorts, filter: CheckedEntityFilter, from?: ScanPosition): Scan<FoundEntity> {
  const search = {
    addresses: filter.pattern,
    mayFit: (address: string) => filter.fitsAddress(address),
    ofNote: readEntityNote,
    ofHead: (head: Head) => (head.type === 'entity' ? entitySummaryOf(head) : undefined),
    found: (address: string, summary: EntitySummary, next: ScanPosition) => {
      const addressee = parseAddress(address);
      return addressee.kind === 'entity' && filter.fits(summary)
        ? { entity: addressee.entity, summary, next }
        : undefined;
    },
  };
  return scanViews(ports, search, from);
}
