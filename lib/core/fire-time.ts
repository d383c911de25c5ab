import { InvalidTimeError } from '../errors.js';

/** The longest duration of a timer: 100 years of 365.25 days, in milliseconds. */
export const longestDuration = 100 * 365.25 * 24 * 60 * 60 * 1_000;

/**
 * When a timer is due, in milliseconds since 1970: a duration from now, or a Date, which may be past.
 * Throws InvalidTimeError for what is no time, a negative duration, and a time more than 100 years away.
 */
export function fireTime(due: number | Date, now: number): number {
  if (typeof due === 'number') return now + checkDuration(due);
  if (!(due instanceof Date))
    throw new InvalidTimeError(`A timer takes milliseconds or a Date, got ${due === null ? 'null' : typeof due}.`);
  const at = due.getTime();
  if (Number.isNaN(at)) throw new InvalidTimeError('A timer cannot be due at an Invalid Date.');
  if (at - now > longestDuration) throw new InvalidTimeError('A timer cannot be due more than 100 years from now.');
  return at;
}

function checkDuration(milliseconds: number): number {
  if (Number.isNaN(milliseconds)) throw new InvalidTimeError('A timer cannot take NaN milliseconds.');
  if (milliseconds < 0)
    throw new InvalidTimeError(
      `A timer cannot take a negative duration: ${milliseconds} ms. Pass a Date for a past time.`,
    );
  if (milliseconds > longestDuration)
    throw new InvalidTimeError(`A timer cannot take more than 100 years: ${milliseconds} > ${longestDuration} ms.`);
  return Math.ceil(milliseconds); // never early
}
