import { RefusedRequestError } from '../errors.js';
import { parseIsoDate } from '../validation/iso-date.js';

/** The day, the time of the day, and the zone in parts. */
const time = /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:Z|([+-])(\d\d):?(\d\d))?)?$/;

/**
 * The parameters of a URL. Their names are matched without regard to case, as in the original; an empty one counts as
 * missing. Throws RefusedRequestError (400) for what is none.
 */
export class Query {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(parameters: URLSearchParams) {
    const values = new Map<string, string[]>();
    for (const [name, value] of parameters) {
      const known = values.get(name.toLowerCase());
      if (value === '') continue;
      if (known) known.push(value);
      else values.set(name.toLowerCase(), [value]);
    }
    this.#values = values;
  }

  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** A name that is given and not among these; undefined: there is none. */
  nameBeside(names: readonly string[]): string | undefined {
    const known = new Set(names.map((name) => name.toLowerCase()));
    return [...this.#values.keys()].find((name) => !known.has(name));
  }

  /** All that are given under this name. */
  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  flag(name: string, byDefault: boolean): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return byDefault;
    if (value === 'true' || value === 'false') return value === 'true';
    throw refused(name, 'must be true or false');
  }

  /** A whole number from 1 to `most`. */
  count(name: string, byDefault: number, most: number): number {
    const value = this.text(name);
    if (value === undefined) return byDefault;
    const count = Number(value);
    if (/^\d{1,9}$/.test(value) && count >= 1 && count <= most) return count;
    throw refused(name, `must be a whole number from 1 to ${most}`);
  }

  /** A time in seconds, in milliseconds. */
  seconds(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^\d{1,9}(?:\.\d{1,9})?$/.test(value)) return Number(value) * 1_000;
    throw refused(name, 'must be a number of seconds, 0 or more');
  }

  /** As `timeOf`. */
  time(name: string): Date | undefined {
    const value = this.text(name)?.replace(' ', '+'); // what a plus sign in a URL means
    return value === undefined ? undefined : timeOf(name, value);
  }

  /** What is separated by commas. */
  list(name: string): readonly string[] {
    return this.all(name).flatMap((value) => value.split(',').map((one) => one.trim()));
  }
}

/** A date or a time; one without a zone is in UTC. Throws RefusedRequestError (400) for what is none, and for days that there are not. */
export function timeOf(name: string, text: string): Date {
  const [, day, rest, sign, hours, minutes] = time.exec(text.toUpperCase()) ?? [];
  const zone = rest === undefined ? '' : sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`;
  const at = day === undefined ? undefined : parseIsoDate(`${day}${rest ?? ''}${zone}`);
  if (at) return at;
  throw refused(name, 'must be a date or a time in ISO 8601, such as 2026-11-27T10:00:00Z');
}

/** What is said of a parameter that is none. */
export function refused(name: string, reason: string): RefusedRequestError {
  return new RefusedRequestError(400, `${name}: ${reason}.`);
}
