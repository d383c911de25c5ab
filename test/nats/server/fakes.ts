import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { archiveName } from '../../../lib/nats/server/release-archive.js';

/** A folder that goes when the test ends. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-test-'));
  // A server whose process was killed may write for some seconds more, until it has seen that.
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return folder;
}

/** A program that answers `--version` as nats-server does, or runs the given shell script. */
export function fakeServer(folder: string, version: string, script = `echo "nats-server: v${version}"`): string {
  return fakeProgram(folder, 'nats-server', script);
}

export function fakeProgram(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A release archive for this system with a fake server of the version in it. */
export function fakeArchive(t: ExecutionContext, version: string): { bytes: Buffer; sum: string } {
  const folder = temporaryFolder(t);
  const inside = archiveName().replace('.tar.gz', '');
  fakeServer(join(folder, inside), version);
  execFileSync('tar', ['-czf', join(folder, 'archive'), '-C', folder, inside]);
  const bytes = readFileSync(join(folder, 'archive'));
  return { bytes, sum: createHash('sha256').update(bytes).digest('hex') };
}

/** An HTTP server on a free port; returns its address and the paths that were asked for. */
export async function startHttp(
  t: ExecutionContext,
  listener: RequestListener,
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A mirror of the releases that serves one archive, and its sum. */
export function startMirror(
  t: ExecutionContext,
  archive: { bytes: Buffer; sum: string },
): ReturnType<typeof startHttp> {
  return startHttp(t, (request, response) => {
    if (request.url?.endsWith('/SHA256SUMS'))
      response.end(`${'0'.repeat(64)}  other.zip\n${archive.sum}  ${archiveName()}\n`);
    else response.end(archive.bytes);
  });
}
