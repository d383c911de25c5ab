import { BusyError, InvalidTimeError, PayloadTooLargeError } from '../errors.js';
import type { CoreDependencies } from './dependencies.js';
import { operationName } from './entity-target.js';
import type { Reminder, ReminderOptions, StoredReminder } from './entity-options.js';
import { fireTime, longestDuration } from './fire-time.js';
import type { Json } from './values.js';

/** The most reminders of an entity. */
const MOST = 100;
/** The inputs of all of them together have so many characters of JSON at most: they are in its head. */
const LONGEST_INPUTS = 64 * 1024;

/** What one operation makes of the reminders of its entity. */
export class ReminderChanges {
  readonly #entity: string;
  readonly #reminders: Map<string, StoredReminder>;
  readonly #changes = new Map<string, StoredReminder | undefined>();
  readonly #now: number;
  readonly #dependencies: Pick<CoreDependencies, 'ids' | 'values'>;

  constructor(
    entity: string,
    reminders: readonly StoredReminder[],
    now: number,
    dependencies: Pick<CoreDependencies, 'ids' | 'values'>,
  ) {
    this.#entity = entity;
    this.#reminders = new Map(reminders.map((reminder) => [reminder.name, reminder]));
    this.#now = now;
    this.#dependencies = dependencies;
  }

  /** As the operation leaves them so far. */
  get all(): readonly Reminder[] {
    return Array.from(this.#reminders.values(), ({ name, operation, at, every }) => ({
      name,
      operation,
      nextTime: new Date(at),
      everyInMilliseconds: every,
    }));
  }

  /** Undefined: nothing. */
  get changes(): ReadonlyMap<string, StoredReminder | undefined> | undefined {
    return this.#changes.size === 0 ? undefined : this.#changes;
  }

  /** All cancelled, with those that were set meanwhile. */
  cancelled(): ReadonlyMap<string, StoredReminder | undefined> | undefined {
    for (const name of this.#reminders.keys()) this.cancel(name);
    return this.changes;
  }

  /** Throws InvalidNameError, UnknownOperationError, InvalidTimeError, PayloadTooLargeError, BusyError, or what is wrong with the input. */
  set(given: string, options: ReminderOptions): void {
    const { ids } = this.#dependencies;
    const name = ids.checkName(given, 'reminder');
    const operation = operationName(ids, this.#entity, options.operation ?? name);
    const every = checkPeriod(options.everyInMilliseconds);
    const first = options.firstTime ?? every;
    if (first === undefined)
      throw new InvalidTimeError(`Reminder "${name}" has no time. Give everyInMilliseconds, firstTime or both.`);
    if (!this.#reminders.has(name) && this.#reminders.size >= MOST)
      throw new BusyError(`An entity has ${MOST} reminders at most: "${name}" would be one more.`);
    this.#put(name, {
      name,
      operation,
      at: fireTime(first, this.#now),
      ...(every !== undefined && { every }),
      ...this.#input(name, options.input),
    });
  }

  cancel(name: string): boolean {
    if (!this.#reminders.delete(name)) return false;
    this.#changes.set(name, undefined);
    return true;
  }

  #put(name: string, reminder: StoredReminder): void {
    this.#reminders.set(name, reminder);
    this.#changes.set(name, reminder);
  }

  #input(name: string, value: unknown): Pick<StoredReminder, 'input'> {
    const input = this.#dependencies.values.encode(value);
    if (input === undefined) return {};
    let length = lengthOf(input);
    for (const other of this.#reminders.values()) if (other.name !== name) length += lengthOf(other.input);
    if (length <= LONGEST_INPUTS) return { input };
    const what = `The input of reminder "${name}", with those of the others of its entity,`;
    throw new PayloadTooLargeError(what, length, LONGEST_INPUTS, 'characters');
  }
}

function lengthOf(input: Json | undefined): number {
  return input === undefined ? 0 : JSON.stringify(input).length;
}

function checkPeriod(milliseconds: number | undefined): number | undefined {
  if (milliseconds === undefined) return undefined;
  if (!(milliseconds >= 1 && milliseconds <= longestDuration))
    throw new InvalidTimeError(`A reminder comes every 1 ms to 100 years, not every ${String(milliseconds)} ms.`);
  return Math.ceil(milliseconds);
}

/**
 * The first time of a reminder after now, counted from when it was due: what was missed meanwhile is one time, and no delay
 * adds up.
 */
export function nextTime(at: number, every: number, now: number): number {
  return at + every * (Math.floor(Math.max(0, now - at) / every) + 1);
}
