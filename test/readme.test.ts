import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import test from 'ava';

/** Inside build, so that the examples find the package by its own name. */
const folder = 'build/doc-examples';
const tsc = 'node_modules/typescript/bin/tsc';
const run = promisify(execFile);

/** The code blocks of a page. */
function examplesIn(text: string): string[] {
  return Array.from(text.matchAll(/^```ts\n([^]*?)^```$/gm), ([, code]) => code!);
}

/** What the compiler says of these examples, each a module of its own. */
async function compile(name: string, examples: ReadonlyMap<string, string>): Promise<string> {
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

async function pages(): Promise<string[]> {
  const guides = (await readdir('docs/guide')).map((page) => `docs/guide/${page}`);
  return ['README.md', ...guides];
}

test('every example of the README and the guide compiles', async (t) => {
  const examples = new Map<string, string>();
  for (const page of await pages())
    examplesIn(await readFile(page, 'utf8')).forEach((code, at) => {
      examples.set(`${page.replace(/[^a-z]+/gi, '-')}-${at}.ts`, code);
    });
  t.true(examples.size >= 8);
  t.is(await compile('pages', examples), '');
});

test('an example that does not fit the package is noticed', async (t) => {
  const wrong = "import { TaskHubClient } from 'perdure';\nnew TaskHubClient('no hub');";
  t.regex(await compile('wrong', new Map([['wrong.ts', wrong]])), /wrong\.ts\(2,19\): error TS2345/);
});

test('every page that a page links to is there', async (t) => {
  for (const page of await pages()) {
    const text = await readFile(page, 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      const path = new URL(target!, new URL(page, 'file:///')).pathname.slice(1);
      const found = await readdir(path).catch(() => readFile(path).catch(() => undefined));
      t.truthy(found, `${page} links to ${target}`);
    }
  }
});
