import { longestDuration } from './fire-time.js';

/** A server that says "at once" is not asked more often than once a second. */
const SHORTEST_WAIT = 1_000;
const FIFTY_YEARS = 50 * 365.25 * 24 * 60 * 60 * 1_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms of a date in HTTP (RFC 9110, 5.6.7), of which a sender should use the first. */
const dateForms = [
  /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];

/**
 * How long a `Retry-After` header asks to wait from `now`, in milliseconds: at least a second. Undefined for none, for what
 * is neither seconds nor a date, and for more than 100 years.
 */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : (httpDate(text, now) ?? NaN) - now;
  return wait <= longestDuration ? Math.max(wait, SHORTEST_WAIT) : undefined;
}

/** The date as milliseconds since 1970: read by its own rules, for those of the language depend on where it runs. */
function httpDate(text: string, now: number): number | undefined {
  for (const form of dateForms) {
    const { day, month, year, time } = form.exec(text)?.groups ?? {};
    if (day === undefined || month === undefined || year === undefined || time === undefined) continue;
    const date = `${String(months.indexOf(month) + 1).padStart(2, '0')}-${day.replace(' ', '0')}T${time}Z`;
    const at = new Date(`${fullYear(year, date, now)}-${date}`).getTime();
    return Number.isNaN(at) ? undefined : at;
  }
  return undefined;
}

/** A year of two digits is that of this century, unless it would be more than 50 years ahead. */
function fullYear(year: string, date: string, now: number): string {
  if (year.length === 4) return year;
  const century = new Date(now).getUTCFullYear() - (new Date(now).getUTCFullYear() % 100);
  const inCentury = String(century + Number(year)).padStart(4, '0');
  const isFar = new Date(`${inCentury}-${date}`).getTime() - now > FIFTY_YEARS;
  return isFar ? String(century - 100 + Number(year)) : inCentury;
}
