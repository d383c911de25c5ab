import { ConfigError, InvalidTimeError } from '../errors.js';
import { typeName } from '../wire/text.js';

/** A stretch of time: from its first millisecond to before its last; undefined: without end. */
export type Stretch = readonly [from: number | undefined, to: number | undefined];

/** Throws ConfigError for what has no fields. */
export function checkObject(filter: unknown): void {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
    throw new ConfigError(`filter: must be an object, not ${typeName(filter)}`);
}

/** Throws ConfigError for what is no object, and for a field that there is not, lest a misspelt one selects all. */
export function checkFields(filter: object, fields: ReadonlySet<string>): void {
  checkObject(filter);
  for (const field of Object.keys(filter))
    if (!fields.has(field))
      throw new ConfigError(`filter: there is no ${JSON.stringify(field)}; there are ${[...fields].join(', ')}`);
}

/** The time between two fields. Throws InvalidTimeError for what is no time, and when there is none between them. */
export function stretch<F extends object>(filter: F, from: keyof F & string, to: keyof F & string): Stretch {
  const [first, last] = [timeIn(filter, from), timeIn(filter, to)];
  if (first !== undefined && last !== undefined && first > last)
    throw new InvalidTimeError(`filter.${from} is after filter.${to}: no time is between them`);
  return [first, last];
}

/** Whether a time is in a stretch. */
export function isWithin(time: number, [from, to]: Stretch): boolean {
  return (from === undefined || time >= from) && (to === undefined || time < to);
}

function timeIn<F extends object>(filter: F, field: keyof F & string): number | undefined {
  const time: unknown = filter[field];
  if (time === undefined) return undefined;
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time.getTime();
  throw new InvalidTimeError(
    `filter.${field}: must be a valid Date, not ${time instanceof Date ? 'an invalid one' : typeName(time)}`,
  );
}
