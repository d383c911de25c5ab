import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { compile, examplesFolder, filesIn } from './doc-examples.js';

const execute = promisify(execFile);

async function pagesIn(...folders: string[]): Promise<string[]> {
  const pages = folders.map(async (folder) =>
    (await readdir(folder, { recursive: true }))
      .filter((page) => page.endsWith('.md'))
      .map((page) => `${folder}/${page.replaceAll('\\', '/')}`),
  );
  return (await Promise.all(pages)).flat();
}

let wrong = '';
test.before(async () => {
  const examples = new Map<string, string>();
  for (const page of ['README.md', ...(await pagesIn('docs/guide'))])
    for (const [file, code] of filesIn(await readFile(page, 'utf8'))) examples.set(`${nameOf(page)}/${file}`, code);
  if (examples.size < 8) throw new Error('The examples of the pages were not found.');
  wrong = await compile('pages', examples);
});

function nameOf(page: string): string {
  return page.replace(/^.*\//, '').replace(/\.md$/, '');
}

/** A project of a user's: what runs there has its data there. */
async function project(t: ExecutionContext): Promise<{ cwd: string; env: NodeJS.ProcessEnv }> {
  const cwd = await mkdtemp(join(tmpdir(), 'perdure-readme-'));
  t.teardown(() => rm(cwd, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  await writeFile(join(cwd, 'package.json'), '{}');
  const { NATS_URL: _, ...env } = process.env;
  return { cwd, env };
}

const built = (page: string, file: string): string => resolve(examplesFolder('pages'), page, file);

test('every example of the README and the guide compiles', (t) => {
  t.is(wrong, '');
});

test('an example that does not fit the package is noticed', async (t) => {
  const misuse = "import { TaskHubClient } from 'perdure';\nnew TaskHubClient('no hub');";
  t.regex(await compile('wrong', new Map([['wrong.ts', misuse]])), /wrong\.ts\(2,19\): error TS2345/);
});

test('the example of the README does what it says, and goes on where it stood', async (t) => {
  const options = await project(t);
  for (const left of [70, 140]) {
    const { stdout, stderr } = await execute(process.execPath, [built('README', 'example-0.js')], options);
    t.deepEqual([stdout, stderr], [`30 went from alice to bob\n${left}\n`, '']);
  }
});

test('the service and the client of the first page of the guide work together', async (t) => {
  const options = await project(t);
  const service = spawn(process.execPath, [built('getting-started', 'service.js')], { ...options, stdio: 'ignore' });
  t.teardown(() => service.kill('SIGKILL'));
  const { stdout, stderr } = await execute(process.execPath, [built('getting-started', 'client.js')], options);
  t.deepEqual([stdout, stderr], ["[ 'Hello, Tokyo!', 'Hello, Seattle!' ]\n", '']);
  service.kill('SIGTERM');
  t.deepEqual(await once(service, 'exit'), [0, null]);
});

/** As GitHub makes them of headings. */
function anchorsIn(text: string): Set<string> {
  const headings = text.replaceAll(/^```[^]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(headings, ([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every page and every heading that a page links to is there', async (t) => {
  for (const page of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...(await pagesIn('docs', 'samples'))]) {
    const text = await readFile(page, 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]+)[^)]*\)/g)) {
      const url = new URL(target!, new URL(page, 'file:///'));
      const path = url.pathname.slice(1);
      if (!t.true(existsSync(path), `${page} links to ${target}`) || url.hash === '') continue;
      t.true(anchorsIn(await readFile(path, 'utf8')).has(url.hash.slice(1)), `${page} links to ${target}`);
    }
  }
});

test('CONTRIBUTING is short enough to be read', async (t) => {
  t.true((await readFile('CONTRIBUTING.md', 'utf8')).trimEnd().split('\n').length <= 60);
});
