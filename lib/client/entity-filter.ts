import type { Constructor } from '../core/values.js';
import { isReservedName } from '../definitions/name-rule.js';
import { names } from '../definitions/names.js';
import { checkEntityKey, checkName } from '../wire/checks.js';
import type { EntitySummary } from '../wire/entity-note.js';
import { encodeId } from '../wire/id-codec.js';
import type { Address } from '../wire/messages.js';
import { checkFields, isWithin, stretch } from './filter-fields.js';

/** Which entities are meant: those that exist and fit all that is given. */
export interface EntityFilter {
  /** Their class, or its registered name. Default: any that is not Perdure's own. */
  readonly entity?: string | (new () => object) | undefined;
  /** What their keys begin with, exactly. Default: anything. */
  readonly keyPrefix?: string | undefined;
  /** Their last operation was taken at this time or later; readonly ones do not count. Default: at any time. */
  readonly lastOperationFrom?: Date | undefined;
  /** Their last operation was taken before this time. Default: at any time. */
  readonly lastOperationTo?: Date | undefined;
}

/** A filter that was found to be one. */
export interface CheckedEntityFilter {
  /** The same text for the same filter. */
  readonly text: string;
  /** A pattern of their addresses. */
  readonly pattern: string;
  /** Whether one with this address that has the pattern fits, as far as its name and key say. */
  fitsAddress(address: Address): boolean;
  fits(summary: EntitySummary): boolean;
}

const fields: ReadonlySet<string> = new Set<keyof EntityFilter>([
  'entity',
  'keyPrefix',
  'lastOperationFrom',
  'lastOperationTo',
]);

/** A filter ready to be used. Throws ConfigError, InvalidNameError, DefinitionError, InvalidIdError and InvalidTimeError. */
export function checkEntityFilter(filter: EntityFilter): CheckedEntityFilter {
  checkFields(filter, fields);
  const { entity, keyPrefix } = filter;
  const name = entity === undefined ? undefined : nameOf(entity);
  // Keys are encoded byte by byte, so what one begins with is what its code begins with.
  const prefix = keyPrefix === undefined ? '' : encodeId(checkEntityKey(keyPrefix), 'entity key');
  const lastOperation = stretch(filter, 'lastOperationFrom', 'lastOperationTo');
  return {
    text: JSON.stringify(['entities', name, prefix, ...lastOperation]),
    pattern: `e.${name ?? '*'}.*`,
    fitsAddress: (address) => {
      const [, found = '', key = ''] = address.split('.');
      return (name !== undefined || !isReservedName(found)) && key.startsWith(prefix);
    },
    fits: ({ updatedAt, exists }) => exists && isWithin(updatedAt, lastOperation),
  };
}

function nameOf(entity: unknown): string {
  if (typeof entity === 'function') return names.entity(entity as Constructor).name;
  return checkName(entity, 'entity');
}
