import type { LogFields, Logger } from '../engine/ports.js';
import { ConfigError } from '../errors.js';

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** What is logged: the lines of this level and those that weigh more. */
export type LogLevel = (typeof levels)[number];

/**
 * A logger that writes one line an event to the standard error: the level, what it is about, the text, the fields.
 * Control characters are escaped, so nobody's id or text can forge a line. Default level: the environment variable
 * PERDURE_LOG (debug, info, warn, error or silent), else warn. Throws ConfigError for another value of it.
 */
export function consoleLogger(
  level: LogLevel = environmentLevel(),
  write: (line: string) => void = toStandardError,
): Logger {
  const from = levels.indexOf(level);
  const at = (name: LogLevel) =>
    levels.indexOf(name) < from
      ? () => {}
      : (message: string, fields: LogFields) => write(lineOf(name, message, fields));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function environmentLevel(): LogLevel {
  const given = process.env['PERDURE_LOG'];
  if (given === undefined || given === '') return 'warn';
  const level = levels.find((name) => name === given);
  if (level === undefined)
    throw new ConfigError(`PERDURE_LOG: must be one of ${levels.join(', ')}, not ${JSON.stringify(given)}`);
  return level;
}

function lineOf(level: LogLevel, message: string, { instance, ...fields }: LogFields): string {
  const rest = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${JSON.stringify(value)}`],
  );
  return escaped(['perdure', level, `[${instance}]`, message, ...rest].join(' '));
}

/** Control characters, line separators and direction marks could forge lines or hide text on a terminal. */
function escaped(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
