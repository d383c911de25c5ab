import { paint } from './paint.js';
import { cut, widthOf } from './text.js';

/** The option of all commands that tell something. */
export interface JsonOption {
  readonly json?: boolean | undefined;
}

/** What `--json` means. */
export const JSON_OPTION = [
  '--json',
  'print for programs: JSON on the standard output, errors too on the standard error',
] as const;

/** The text of a command's examples. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** Writes a line of what was asked for. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line about what goes on: what was asked for stays alone on the standard output. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes what was asked for: a document for programs with `--json`, else lines for people. */
export function tell({ json }: JsonOption, document: unknown, lines: () => readonly string[]): void {
  if (json) print(JSON.stringify(document ?? null, undefined, 2));
  else for (const line of lines()) print(line);
}

/** Writes one of many things: with `--json` on a line of its own, so that programs can read them as they come. */
export function tellOne({ json }: JsonOption, item: unknown, lines: () => readonly string[]): void {
  if (json) print(JSON.stringify(item ?? null));
  else for (const line of lines()) print(line);
}

/** The lines of a table; on a terminal its last column is cut where that ends. */
export function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const last = titles.length - 1;
  const widths = titles.map((title, at) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[at] ?? ''))));
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const room = Math.max(10, (process.stdout.columns ?? Infinity) - before);
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at < last ? cell + ' '.repeat(widths[at]! - widthOf(cell)) : cut(cell, room)))
      .join('  ')
      .trimEnd();
  return [paint('dim', lineOf(titles)), ...rows.map(lineOf)];
}

/** The lines of names and what they have, one under the other; what is undefined is left away. */
export function fieldsOf(fields: Readonly<Record<string, string | undefined>>): readonly string[] {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, text]) => `${paint('dim', `${name}:`.padEnd(width + 1))} ${text}`);
}
