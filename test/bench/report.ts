/** How the benchmarks tell what they measured. */
import { cpus, release, totalmem } from 'node:os';
import { median, rounded } from './figures.js';

/** The figures of a workload, by what they are. */
export type Row = Readonly<Record<string, number>>;

/** For each figure the median of several runs, by itself. */
export function medianOf(rows: readonly Row[]): Row {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rounded(median(rows.map((row) => row[name] ?? NaN)))]));
}

/** Rows as a table in Markdown, with a column for each figure that one of them has. */
export function tableOf(rows: readonly (readonly [what: string, row: Row])[]): string {
  const names = [...new Set(rows.flatMap(([, row]) => Object.keys(row)))];
  const lines = [['', ...names], ...rows.map(([what, row]) => [what, ...names.map((name) => `${row[name] ?? ''}`)])];
  const widths = ['', ...names].map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const lineOf = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`;
  const [head, ...body] = lines;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lineOf(head!), rule, ...body.map(lineOf)].join('\n');
}

/** The machine and the programs that the figures are of. */
export function machine(nats: string): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${cpu?.model}, ${memory} GiB, ${process.platform} ${release()}, Node.js ${process.version}, nats-server ${nats}`;
}
