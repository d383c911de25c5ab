import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { opened } from './street.js';

const execute = promisify(execFile);

/** The commands of the page, block by block, each with what is said to be printed. */
function blocksIn(page: string): readonly { readonly commands: string; readonly printed: string | undefined }[] {
  const blocks = page.matchAll(/^```sh\n([^]*?)^```$(?:\s+^```text\n([^]*?)^```$)?/gm);
  return Array.from(blocks, ([, commands, printed]) => ({ commands: commands!, printed }));
}

test('the curl lines of the guide do what it says', async (t) => {
  const { url } = await opened(t);
  const blocks = blocksIn(await readFile('docs/guide/http.md', 'utf8'));
  t.true(blocks.length >= 4 && blocks.filter(({ printed }) => printed !== undefined).length >= 2);
  const strict = 'set -e; curl() { command curl -sS --fail-with-body "$@"; }';
  for (const { commands, printed } of blocks) {
    const run = execute('bash', ['-c', `${strict}\n${commands}`], { env: { ...process.env, API: url } });
    const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error);
    t.is(stderr, '', `${commands}${stdout}`);
    if (printed !== undefined) t.is(`${stdout.trimEnd()}\n`, printed);
  }
});
