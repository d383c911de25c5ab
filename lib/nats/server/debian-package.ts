import { execFile } from 'node:child_process';
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf, textOf } from './system-error.js';

/** Which Debian to fetch from, and with which environment apt runs. */
export interface DebianOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The file with Debian's signing keys; where it is missing the machine's own sources are used. */
  readonly keyring?: string;
}

/**
 * Fetches nats-server with apt into `folder` and returns the path of the binary; nothing is installed and no root is
 * needed. On Debian it comes from the suite `PERDURE_APT_SUITE` (default forky) through the mirror that the machine uses
 * itself, and apt checks the signatures; elsewhere in the family from the machine's own sources.
 * Throws an Error that says why it cannot be had.
 */
export async function fetchDebianPackage(folder: string, options: DebianOptions): Promise<string> {
  const { env, keyring = '/usr/share/keyrings/debian-archive-keyring.gpg' } = options;
  const run: Run = (command, args) => runIn(folder, env, command, args);
  const isDebian = await exists(keyring);
  const suite = isDebian ? await optionsForSuite(folder, env['PERDURE_APT_SUITE'] || 'forky', keyring, run) : [];
  if (isDebian) await run('apt-get', [...timeouts, ...suite, 'update']);
  await run('apt-get', [...timeouts, ...suite, 'download', 'nats-server']);
  const deb = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (deb === undefined) throw new Error('apt-get fetched no package');
  await run('dpkg-deb', ['-x', deb, 'package']);
  return join(folder, 'package', 'usr', 'sbin', 'nats-server');
}

type Run = (command: string, args: readonly string[]) => Promise<string>;

const timeouts = ['-qq', '-oAcquire::Retries=2', '-oAcquire::http::Timeout=10', '-oAcquire::https::Timeout=10'];

/** An apt with a state of its own in `folder`, so that the machine's is neither needed nor touched. */
async function optionsForSuite(folder: string, suite: string, keyring: string, run: Run): Promise<string[]> {
  const [lists, cache, sources] = [join(folder, 'lists'), join(folder, 'cache'), join(folder, 'sources.list')];
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  await writeFile(sources, `deb [signed-by=${keyring}] ${await debianMirror(run)} ${suite} main\n`);
  return [
    `-oDir::Etc::SourceList=${sources}`,
    '-oDir::Etc::SourceParts=/dev/null',
    `-oDir::State::Lists=${lists}`,
    `-oDir::Cache=${cache}`,
    '-oDir::State::status=/dev/null',
    '-oAcquire::Languages=none',
    '-oAPT::Sandbox::User=',
    '-oAPT::Update::Error-Mode=any',
    '-oDebug::NoLocking=1',
  ];
}

/** The mirror of the machine's own release; other repositories (updates, vendors) have other suites and components. */
async function debianMirror(run: Run): Promise<string> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const stdout = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const targets = stdout.split('\n').map((line) => line.split(' '));
  const mirrors = targets.flatMap(([uri, release, component]) =>
    uri !== undefined && release?.includes('-') === false && component === 'main' ? [uri] : [],
  );
  const mirror = mirrors.find((uri) => /\/debian\/?$/.test(uri)) ?? mirrors[0];
  if (mirror === undefined) throw new Error('apt has no Debian mirror in its sources');
  return mirror;
}

async function runIn(cwd: string, env: NodeJS.ProcessEnv, command: string, args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { cwd, env, timeout: 300_000 })).stdout;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new Error(`there is no ${command} on this system`, { cause: error });
    throw new Error(complaintOf(error), { cause: error });
  }
}

function complaintOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  return textOf(stderr.trim() === '' ? error : stderr);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
