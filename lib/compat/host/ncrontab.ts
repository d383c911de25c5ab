import { Cron } from 'croner';
import { ConfigError } from '../../errors.js';
import { expanded, timeSpan } from './host-json.js';

/** The times of a timer function. */
export interface Occurrences {
  /** The next time behind one; undefined: there is none. */
  next(after: Date): Date | undefined;
}

/** Reads `{second} {minute} {hour} {day} {month} {day of week}`, five fields without seconds, or a time span. Throws ConfigError. */
export function occurrencesOf(schedule: unknown, where: string): Occurrences {
  if (typeof schedule !== 'string') throw new ConfigError(`${where}: a timer needs a schedule`);
  const text = expanded(schedule).trim();
  if (/%[^%]+%/.test(text)) throw new ConfigError(`${where}: its schedule is the setting ${text}, which there is not`);
  if (text.includes(':')) {
    const interval = timeSpan(text, where) ?? 0;
    if (interval <= 0) throw new ConfigError(`${where}: its schedule must be above 0, not ${text}`);
    return { next: (after) => new Date(after.getTime() + interval) };
  }
  try {
    const cron = new Cron(text, { timezone: process.env['WEBSITE_TIME_ZONE'] ?? 'UTC', domAndDow: true });
    return { next: (after) => cron.nextRun(after) ?? undefined };
  } catch (cause) {
    throw new ConfigError(`${where}: its schedule cannot be read: ${(cause as Error).message}`, { cause });
  }
}
