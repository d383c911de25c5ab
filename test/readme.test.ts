import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';
import { compile, examplesIn } from './doc-examples.js';

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
