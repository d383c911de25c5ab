import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';

/** What stands for a JSON value in all commands. */
export const JSON_HELP = 'as JSON; - reads it from the standard input, @FILE from a file';

/** A value given as JSON, on the command line or elsewhere. */
export function jsonOf(text: string): unknown {
  const json = contentOf(text);
  try {
    return JSON.parse(json);
  } catch {
    const hint = text === json ? ` A text is given with quotes: '${JSON.stringify(text.slice(0, 40))}'.` : '';
    throw new InvalidArgumentError(`It is no JSON.${hint}`);
  }
}

function contentOf(text: string): string {
  if (text !== '-' && !text.startsWith('@')) return text;
  try {
    return readFileSync(text === '-' ? 0 : text.slice(1), 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `500ms`, `10s`, `5m`, `1h30m` or `1d`, in milliseconds. */
export function durationOf(text: string): number {
  const parts = Array.from(text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g));
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new InvalidArgumentError('It must be a duration such as 500ms, 10s, 5m, 1h30m or 1d.');
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
}

const TIME = 'It must be a time such as 2026-05-01 or 2026-05-01T08:30:00Z';

function isoOf(text: string): Date | undefined {
  const time = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text) ? new Date(text) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time : undefined;
}

/** A time that is past: ISO text, or a duration before now. */
export function pastOf(text: string): Date {
  const time = isoOf(text);
  if (time) return time;
  if (/^\d/.test(text) && /[a-z]$/.test(text)) return new Date(Date.now() - durationOf(text));
  throw new InvalidArgumentError(`${TIME}, or a duration before now such as 2h.`);
}

/** A time to come: ISO text, or a duration from now on. */
export function futureOf(text: string): Date {
  const time = isoOf(text);
  if (time) return time;
  if (/^\d/.test(text) && /[a-z]$/.test(text)) return new Date(Date.now() + durationOf(text));
  throw new InvalidArgumentError(`${TIME}, or a duration from now on such as 10m.`);
}

/** Makes a parser of whole numbers. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}

/** Gathers what is given several times, as `name=value`. */
export function tagsOf(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=([^]*)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [name]: value! };
}

/** Gathers what is given several times, or separated by commas. */
export function listOf(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',')];
}
