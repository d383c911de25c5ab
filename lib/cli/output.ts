/** The text of a command's examples. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** Writes a line of what was asked for. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
