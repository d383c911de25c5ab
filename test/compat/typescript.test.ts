import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { funcStart, outputOf, polled, started, temporaryFolder } from './func.js';

const app = resolve('test/compat/apps/typescript');
const tsc = resolve('node_modules/typescript/bin/tsc');
const run = promisify(execFile);

/** What the compiler says of the app, which is built in a folder inside `build`, so that packages are found. */
async function compiled(name: string, paths?: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const folder = resolve(`build/compat/${name}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(app, folder, { recursive: true });
  const config = JSON.parse(await readFile(join(app, 'tsconfig.json'), 'utf8')) as { compilerOptions: object };
  Object.assign(config.compilerOptions, paths && { paths });
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  try {
    return (await run(process.execPath, [tsc, '-p', folder])).stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('a program in TypeScript compiles against the original packages, and against ours', async (t) => {
  t.is(await compiled('theirs'), '');
  const paths = {
    'durable-functions': [resolve('build/lib/compat/durable-functions.d.ts')],
    '@azure/functions': [resolve('build/lib/compat/azure-functions.d.ts')],
  };
  t.is(await compiled('ours', paths), '');
});

test('what was built against the original packages, which are installed, runs on ours', async (t) => {
  t.is(await compiled('run'), '');
  const { origin } = await funcStart(t, resolve('build/compat/run'), ['--folder', await temporaryFolder(t)]);
  t.deepEqual(await outputOf(origin, 'order', { article: 'nails', pieces: 2 }), {
    what: '2 nails',
    price: 10,
    left: 998,
  });
  t.deepEqual(await outputOf(origin, 'twoOrders', null), {
    done: { what: '2 nails', price: 10, left: 996 },
    refused: 'RangeError',
  });
  t.is(await outputOf(origin, 'locked', null), 0);
  const { statusQueryGetUri } = await started(origin, 'order', { article: 'nails', pieces: 101 });
  const { body } = await polled(statusQueryGetUri);
  t.regex(String(body.output), /RangeError: 101 are too many/);
  const health = await fetch(`${origin}/api/health?a=b`, { headers: { 'x-echo': 'c' } });
  t.deepEqual([health.headers.get('x-echo'), await health.json()], ['c', { query: { a: 'b' } }]);
});
