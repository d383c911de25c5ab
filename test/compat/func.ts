import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { perdure, type Run } from '../cli/perdure.js';
import { until } from '../until.js';

/** An app that `perdure func start` runs. */
export interface RunningApp {
  readonly run: Run;
  /** Where it listens. */
  readonly origin: string;
}

/** Runs an app of `test/compat/apps`, or of another folder, and waits until it answers. */
export async function funcStart(
  t: ExecutionContext,
  app: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningApp> {
  const root = app.startsWith('/') ? app : `test/compat/apps/${app}`;
  const run = perdure(t, ['func', 'start', '--script-root', root, '--port', '0', ...args], env);
  let ended = false;
  void run.ended.then(() => (ended = true));
  // Behind the list come lines of the app.
  await until(() => /Functions:[^]*\n\n(?:\[|$)/.test(run.stdout()) || ended, 'the functions to be listed', 60);
  const origin = /http:\/\/[\w.]+:\d+/.exec(run.stdout())?.[0];
  if (ended || origin === undefined) throw new Error(`It does not run: ${run.stdout()}${run.stderr()}`);
  return { run, origin };
}

/** A folder that is removed when the test is over. */
export async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-func-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The body of an answer to a status query. */
export interface StatusBody {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly customStatus: unknown;
  readonly output: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
}

/** Polls a `statusQueryGetUri` until the instance has ended, as its answers say. */
export async function polled(uri: string): Promise<{ readonly status: number; readonly body: StatusBody }> {
  let answer: { status: number; body: StatusBody } | undefined;
  await until(
    async () => {
      const response = await fetch(uri);
      answer = { status: response.status, body: (await response.json()) as StatusBody };
      return response.status !== 202;
    },
    'the orchestration to end',
    60,
  );
  return answer!;
}

/** Starts an orchestrator by the app's HTTP starter, and gives the check-status payload. */
export async function started(
  origin: string,
  name: string,
  input?: unknown,
): Promise<{ readonly [K in 'id' | 'statusQueryGetUri' | 'sendEventPostUri' | 'terminatePostUri']: string }> {
  const response = await fetch(`${origin}/api/orchestrators/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    ...(input !== undefined && { body: JSON.stringify(input) }),
  });
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as never;
}

/** Runs an orchestrator to its end, and gives its output. */
export async function outputOf(origin: string, name: string, input?: unknown): Promise<unknown> {
  const { statusQueryGetUri } = await started(origin, name, input);
  const { body } = await polled(statusQueryGetUri);
  if (body.runtimeStatus !== 'Completed') throw new Error(`${body.runtimeStatus}: ${JSON.stringify(body.output)}`);
  return body.output;
}
