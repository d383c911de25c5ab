import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Inside build, so that the examples find the package by its own name. */
const folder = 'build/doc-examples';
const tsc = 'node_modules/typescript/bin/tsc';
const run = promisify(execFile);

/** The code blocks of a page. */
export function examplesIn(text: string): string[] {
  return Array.from(text.matchAll(/^```ts\n([^]*?)^```$/gm), ([, code]) => code!);
}

/** What the compiler says of these examples, each a module of its own; `name` sets them apart from those of other tests. */
export async function compile(name: string, examples: ReadonlyMap<string, string>): Promise<string> {
  const where = `${folder}/${name}`;
  await rm(where, { recursive: true, force: true });
  await mkdir(where, { recursive: true });
  for (const [file, code] of examples) await writeFile(`${where}/${file}`, `${code}\nexport {};\n`);
  const { compilerOptions } = JSON.parse(await readFile('tsconfig.json', 'utf8')) as { compilerOptions: object };
  const options = { ...compilerOptions, incremental: false, noEmit: true, rootDir: '.', tsBuildInfoFile: undefined };
  await writeFile(`${where}/tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  try {
    const { stdout } = await run(process.execPath, [tsc, '-p', where]);
    return stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
