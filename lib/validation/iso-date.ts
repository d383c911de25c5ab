const iso = /^((?:\d{4}|[+-]\d{6})-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * The time that an ISO 8601 text names: a date (midnight UTC), or date and time with a zone, since without one it would
 * mean another time on every machine. `undefined` when the text is anything else, or the day does not exist.
 */
export function parseIsoDate(text: unknown): Date | undefined {
  const day = typeof text === 'string' ? iso.exec(text)?.[1] : undefined;
  if (day === undefined || !isDay(day)) return undefined;
  const date = new Date(text as string);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Date takes 30 February for 1 or 2 March. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
