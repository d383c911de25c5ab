import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { ConfigError } from '../../errors.js';
import { download, downloadText, type DownloadTimeouts } from './http-download.js';
import { binaryName } from './installed-servers.js';
import { testedVersion } from './versions.js';

/** Where a release comes from, and what is known of it. */
export interface ReleaseOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Archive name to SHA-256, for archives that must be these bytes whatever the host publishes beside them. */
  readonly pins?: ReadonlyMap<string, string>;
  readonly timeouts?: DownloadTimeouts;
}

const officialReleases = 'https://github.com/nats-io/nats-server/releases/download';

const systems: Readonly<Record<string, string>> = {
  linux: 'linux',
  darwin: 'darwin',
  win32: 'windows',
  freebsd: 'freebsd',
};
const processors: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm7',
  ia32: '386',
  s390x: 's390x',
  ppc64: 'ppc64le',
};

/**
 * Downloads the official archive of the tested version into `folder`, checks it against the release's SHA256SUMS (and
 * a pin), unpacks it, and returns the path of the binary. Throws an Error that says why it cannot be had.
 */
export async function fetchReleaseArchive(folder: string, options: ReleaseOptions): Promise<string> {
  const { pins, timeouts = { connect: 3_000, stall: 15_000 } } = options;
  const name = archiveName();
  const base = `${releasesAddress(options.env)}/v${testedVersion}`;
  const proxy = proxyFor(new URL(base), options.env);
  const sums = await downloadText(new URL(`${base}/SHA256SUMS`), timeouts, proxy);
  const published = /^([0-9a-f]{64})$/.exec(sumOf(name, sums) ?? '')?.[1];
  if (published === undefined) throw new Error(`${base}/SHA256SUMS has no line for ${name}`);
  const archive = join(folder, name);
  await download(new URL(`${base}/${name}`), archive, timeouts, proxy);
  const actual = await sha256Of(archive);
  for (const expected of [published, pins?.get(name) ?? published]) {
    if (actual !== expected) throw new Error(`${base}/${name} has SHA-256 ${actual}, expected is ${expected}`);
  }
  await promisify(execFile)('tar', ['-xf', archive, '-C', folder]);
  return join(folder, name.replace(/\.(tar\.gz|zip)$/, ''), binaryName);
}

/** The name of the release's archive for this system; throws an Error when there is none. */
export function archiveName(): string {
  const [system, processor] = [systems[process.platform], processors[process.arch]];
  if (system === undefined || processor === undefined) {
    throw new Error(`there is no release for ${process.platform} on ${process.arch}`);
  }
  return `nats-server-v${testedVersion}-${system}-${processor}.${system === 'windows' ? 'zip' : 'tar.gz'}`;
}

function sumOf(name: string, sums: string): string | undefined {
  const lines = sums.split('\n').map((line) => line.trim().split(/\s+\*?/));
  return lines.find(([, file]) => file === name)?.[0];
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function releasesAddress(env: NodeJS.ProcessEnv): string {
  const address = env['PERDURE_NATS_MIRROR'] || officialReleases;
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address.replace(/\/+$/, '');
  throw new ConfigError(
    `PERDURE_NATS_MIRROR is "${address}": give an http or https address to replace ${officialReleases}.`,
  );
}

/** The proxy for https addresses, as other programs read it from the environment. */
function proxyFor(url: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const proxy = env['HTTPS_PROXY'] || env['https_proxy'];
  const exceptions = (env['NO_PROXY'] || env['no_proxy'] || '')
    .split(',')
    .map((host) => host.trim().replace(/^\*?\./, ''));
  const direct = exceptions.some(
    (host) => host === '*' || (host !== '' && (url.hostname === host || url.hostname.endsWith(`.${host}`))),
  );
  if (!proxy || direct) return undefined;
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (URL.canParse(address) && new URL(address).protocol === 'http:') return new URL(address);
  throw new Error(`HTTPS_PROXY is "${proxy}": only proxies with an http address are supported`);
}
