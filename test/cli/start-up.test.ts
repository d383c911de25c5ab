import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../nats/server/fakes.js';
import { outcome, perdure } from './perdure.js';

/** The files of packages in CommonJS that a command has loaded, from `node_modules` on. */
async function loadedBy(t: ExecutionContext, ...args: string[]): Promise<readonly string[]> {
  const folder = temporaryFolder(t);
  const [preload, list] = [join(folder, 'preload.mjs'), join(folder, 'loaded.json')];
  writeFileSync(
    preload,
    `import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const { cache } = createRequire(import.meta.url);
process.on('exit', () => writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(cache))));`,
  );
  await outcome(perdure(t, args, { NODE_OPTIONS: `--import=${pathToFileURL(preload).href}` }));
  return (JSON.parse(readFileSync(list, 'utf8')) as string[]).map((file) => file.replace(/^.*\/node_modules\//, ''));
}

const of = (files: readonly string[], name: string) => files.filter((file) => file.startsWith(`${name}/`));

test('a command that asks no hub loads neither the transport nor the rules of class-validator', async (t) => {
  for (const args of [['--version'], ['list', '--help'], ['hub', 'permissions', 'bank', '--partitions', '1']]) {
    const loaded = await loadedBy(t, ...args);
    t.true(of(loaded, 'commander').length > 0, 'what is loaded is seen');
    t.deepEqual([...of(loaded, 'nats'), ...of(loaded, 'class-validator')], [], args.join(' '));
  }
});

test('one that asks a hub loads the transport, and not the rules of class-validator', async (t) => {
  const loaded = await loadedBy(t, 'list', 'bank', '--server', 'nats://127.0.0.1:1', '--timeout', '100ms');
  t.true(of(loaded, 'nats').length > 0);
  t.deepEqual(of(loaded, 'validator'), []);
  t.deepEqual(of(loaded, 'libphonenumber-js'), []);
  t.false(loaded.includes('class-validator/cjs/index.js'));
});
