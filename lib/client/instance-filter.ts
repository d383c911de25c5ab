import { checkTags } from '../core/labels.js';
import type { OrchestratorObject } from '../core/proxies.js';
import type { Constructor } from '../core/values.js';
import { isReservedName } from '../definitions/name-rule.js';
import { names } from '../definitions/names.js';
import { ConfigError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import { checkInstanceId, checkName } from '../wire/checks.js';
import { isRuntimeStatus, runtimeStatuses, type RuntimeStatus } from '../wire/head.js';
import { inNote, tagInNote, type HeadSummary } from '../wire/head-summary.js';
import { typeName } from '../wire/text.js';
import { checkFields, isWithin, stretch, type Stretch } from './filter-fields.js';

/** Which instances are meant: those that fit all that is given. */
export interface InstanceFilter {
  /** The orchestrator: its class, or its registered name. Default: any that is not Perdure's own. */
  readonly orchestrator?: string | (new () => OrchestratorObject) | undefined;
  /** The state that they are in, or several of them. Default: any. */
  readonly runtimeStatus?: RuntimeStatus | readonly RuntimeStatus[] | undefined;
  /** What their ids begin with, exactly. Default: anything. */
  readonly instanceIdPrefix?: string | undefined;
  /** Tags that they have, all of them and with these values; they may have others too. Default: none. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Their current execution began at this time or later. Default: at any time. */
  readonly createdTimeFrom?: Date | undefined;
  /** Their current execution began before this time. Default: at any time. */
  readonly createdTimeTo?: Date | undefined;
  /** The last event of their history was taken at this time or later. Default: at any time. */
  readonly lastUpdatedTimeFrom?: Date | undefined;
  /** The last event of their history was taken before this time. Default: at any time. */
  readonly lastUpdatedTimeTo?: Date | undefined;
}

/** A filter that was found to be one. */
export interface CheckedFilter {
  /** The same text for the same filter. */
  readonly text: string;
  /** What the address of an instance that fits begins with. */
  readonly addressPrefix: string;
  /** Whether an instance fits, apart from its id. */
  fits(summary: HeadSummary): boolean;
  /** False: an instance with this note does not fit. It is quicker to ask than to read the note. */
  mayFit(note: string): boolean;
}

/** The fields of a filter as plain data. */
interface Conditions {
  readonly name: string | undefined;
  readonly states: readonly RuntimeStatus[] | undefined;
  readonly instanceIdPrefix: string | undefined;
  readonly tags: readonly (readonly [name: string, value: string])[];
  readonly created: Stretch;
  readonly updated: Stretch;
}

const fields: ReadonlySet<string> = new Set<keyof InstanceFilter>([
  'orchestrator',
  'runtimeStatus',
  'instanceIdPrefix',
  'tags',
  'createdTimeFrom',
  'createdTimeTo',
  'lastUpdatedTimeFrom',
  'lastUpdatedTimeTo',
]);

/**
 * A filter ready to be used; `ownToo`: without an orchestrator it is for Perdure's own, too. Throws ConfigError for a field that there is not, lest a misspelt one selects all, and for
 * states that are none; InvalidNameError, DefinitionError, InvalidIdError, InvalidTagsError and InvalidTimeError.
 */
export function checkFilter(filter: InstanceFilter, { ownToo = false } = {}): CheckedFilter {
  checkFields(filter, fields);
  const { orchestrator, runtimeStatus, instanceIdPrefix, tags = {} } = filter;
  const conditions: Conditions = {
    name: orchestrator === undefined ? undefined : nameOf(orchestrator),
    states: runtimeStatus === undefined ? undefined : checkStates(runtimeStatus),
    instanceIdPrefix: instanceIdPrefix === undefined ? undefined : checkInstanceId(instanceIdPrefix),
    tags: Object.entries(checkTags(tags)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    created: stretch(filter, 'createdTimeFrom', 'createdTimeTo'),
    updated: stretch(filter, 'lastUpdatedTimeFrom', 'lastUpdatedTimeTo'),
  };
  return {
    text: JSON.stringify(conditions, (_, value: unknown) => value ?? null),
    // Ids are encoded byte by byte, so what one begins with is what its code begins with.
    addressPrefix: instanceIdPrefix === undefined ? 'o.' : orchestrationAddress(instanceIdPrefix),
    fits: (summary) =>
      (ownToo || conditions.name !== undefined || !isReservedName(summary.name)) && fits(summary, conditions),
    mayFit: noteTest(conditions),
  };
}

function noteTest({ name, states, tags }: Conditions): (note: string) => boolean {
  const needed = tags.map(([tag, value]) => tagInNote(tag, value));
  if (name !== undefined) needed.push(inNote(name));
  const oneOf = states?.map(inNote);
  return (note) => needed.every((text) => note.includes(text)) && (!oneOf || oneOf.some((text) => note.includes(text)));
}

function fits(summary: HeadSummary, { name, states, tags, created, updated }: Conditions): boolean {
  if (states && !states.includes(summary.status)) return false;
  if (name !== undefined && summary.name !== name) return false;
  if (!isWithin(summary.createdAt, created) || !isWithin(summary.updatedAt, updated)) return false;
  if (tags.length === 0) return true;
  const { tags: there = {} } = summary;
  return tags.every(([tag, value]) => Object.hasOwn(there, tag) && there[tag] === value);
}

function nameOf(orchestrator: unknown): string {
  if (typeof orchestrator === 'function') return names.orchestrator(orchestrator as Constructor).name;
  return checkName(orchestrator, 'orchestrator');
}

/** In the order in which they are listed. Throws ConfigError. */
function checkStates(states: unknown): readonly RuntimeStatus[] {
  const given: readonly unknown[] = Array.isArray(states) ? states : [states];
  if (given.length === 0)
    throw new ConfigError('filter.runtimeStatus: an empty list fits nothing. Leave it away for any');
  for (const state of given)
    if (!isRuntimeStatus(state))
      throw new ConfigError(
        `filter.runtimeStatus: must be of ${runtimeStatuses.join(', ')}, not ${typeof state === 'string' ? JSON.stringify(state.slice(0, 80)) : typeName(state)}`,
      );
  return runtimeStatuses.filter((state) => given.includes(state));
}
