import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connectTaskHub } from 'perdure';
import { ServerTooOldError } from '../../lib/errors.js';
import { fetchDebianPackage } from '../../lib/nats/server/debian-package.js';
import { resolveNatsServer } from '../../lib/nats/server/resolve.js';
import { amount } from '../amount.js';
import { recordingLogger } from '../contract/harness.js';
import { type RunningServer, startBareServer, startFakeServer } from './bare-server.js';

/** The Debian releases whose nats-server is too old. */
const suites = { bookworm: '2.9.10', trixie: '2.10.27' } as const;
type Suite = keyof typeof suites;

/** Debian's package; undefined when this machine cannot have it. */
async function oldBinary(t: ExecutionContext, suite: Suite): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-old-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  try {
    return await fetchDebianPackage(folder, { env: { ...process.env, PERDURE_APT_SUITE: suite } });
  } catch (error) {
    t.log(`There is no package of ${suite} here: ${String(error)}`);
    return undefined;
  }
}

async function refuses(t: ExecutionContext, server: RunningServer, version: string): Promise<void> {
  t.teardown(() => server.stop());
  const opening = connectTaskHub({ name: 'old', servers: server.address, logger: recordingLogger() });
  const error = await t.throwsAsync(opening, { instanceOf: ServerTooOldError });
  t.log(error?.message);
  t.is(error?.found, version);
  t.regex(error?.message ?? '', new RegExp(`^nats-server ${version.replaceAll('.', '\\.')} at .* is too old`));
}

for (const [suite, version] of Object.entries(suites) as [Suite, string][]) {
  test(`a server that says it is ${version} is refused by its version`, async (t) => {
    await refuses(t, await startFakeServer(version), version);
  });

  // The package index alone is 20 MB: the slice leaves it out.
  if (amount(0, 1) > 0)
    test.serial(
      `nats-server ${version} of Debian ${suite} is refused, as a server and as a binary, where apt has it`,
      async (t) => {
        t.timeout(300_000);
        const binary = await oldBinary(t, suite);
        if (binary === undefined) return refuses(t, await startFakeServer(version), version);
        await refuses(t, await startBareServer((folder) => `jetstream { store_dir: "${folder}" }`, binary), version);
        const named = resolveNatsServer({ env: { ...process.env, PERDURE_NATS_SERVER: binary } });
        await t.throwsAsync(named, {
          instanceOf: ServerTooOldError,
          message: new RegExp(`${version}.*PERDURE_NATS_SERVER`),
        });
      },
    );
}
