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

/** The examples of a page by file name: a first line such as `// service.ts` names the file, else it has a number. */
export function filesIn(text: string): Map<string, string> {
  const files = examplesIn(text).map(
    (code, at) => [/^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1] ?? `example-${at}.ts`, code] as const,
  );
  return new Map(files);
}

/**
 * What the compiler says of these examples, each a module of its own; `name` sets them apart from those of other tests.
 * The compiled modules are in the folder `examplesFolder(name)`.
 */
export async function compile(name: string, examples: ReadonlyMap<string, string>): Promise<string> {
  const where = examplesFolder(name);
  await rm(where, { recursive: true, force: true });
  for (const [file, code] of examples) {
    await mkdir(new URL('.', new URL(`${where}/${file}`, 'file:///')).pathname.slice(1), { recursive: true });
    await writeFile(`${where}/${file}`, `${code}\nexport {};\n`);
  }
  const { compilerOptions } = JSON.parse(await readFile('tsconfig.json', 'utf8')) as { compilerOptions: object };
  const own = { incremental: false, tsBuildInfoFile: undefined, declaration: false, declarationMap: false };
  const options = { ...compilerOptions, ...own, sourceMap: false, rootDir: '.', outDir: undefined };
  await writeFile(`${where}/tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ['**/*.ts'] }));
  try {
    const { stdout } = await run(process.execPath, [tsc, '-p', where]);
    return stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Where `compile` puts what it made. */
export function examplesFolder(name: string): string {
  return `${folder}/${name}`;
}
