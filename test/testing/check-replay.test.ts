import test from 'ava';
import { NonDeterminismError, OrchestrationContext, VersionTooNewError, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { checkReplay, scenario, type StoredHistory } from 'perdure/testing';
import { Hello, Transfer } from '../engine/bank.js';
import { MemoryTaskHub } from '../worker/memory-world.js';

function greeting(activity: string, version?: string) {
  @Orchestrator('greeting', { version })
  class Greeting {
    @Run() *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
      const text = yield* ctx.callActivity<string>(activity, `${name} ${ctx.instanceId}`);
      yield* ctx.waitForExternalEvent('Go');
      return text;
    }
  }
  return Greeting;
}

async function stored(orchestrator: ReturnType<typeof greeting>): Promise<StoredHistory> {
  const hub = new MemoryTaskHub();
  await hub.start('worker', { orchestrators: [orchestrator] });
  const handle = await hub.settle(hub.client.startNew('greeting', 'Ada', { instanceId: 'greeting-1' }));
  await hub.advance(100);
  const { instanceId } = handle;
  const history = await hub.settle(handle.history());
  return JSON.parse(JSON.stringify({ instanceId, history })) as StoredHistory;
}

test('stored histories are replayed against code: each goes on, or its error says what differs', async (t) => {
  const history = await stored(greeting('hello'));
  const other = scenario(Hello);
  other.start();
  const hello = { instanceId: 'instance', history: other.history };
  t.deepEqual(checkReplay([history, hello], [greeting('hello'), Hello]), [
    { instanceId: 'greeting-1', name: 'greeting', version: undefined, error: undefined },
    { instanceId: 'instance', name: 'hello', version: undefined, error: undefined },
  ]);
  const [changed, same] = checkReplay([history, hello], [greeting('hail'), Hello]);
  t.true(changed?.error instanceof NonDeterminismError);
  t.regex(changed!.error!.message, /"hello".*"hail".*asked for at .*check-replay\.test\.[jt]s:\d+:\d+/);
  t.is(same?.error, undefined);
});

test('what the code makes of the id of an instance is the same as in its worker', async (t) => {
  const history = await stored(greeting('hello'));
  const [moved] = checkReplay([{ ...history, instanceId: 'another' }], [greeting('hello')]);
  t.like(moved, { error: { difference: 'input' } });
});

test('an instance that was ended before its time to begin has nothing to replay', async (t) => {
  const hub = new MemoryTaskHub();
  await hub.start('worker', { orchestrators: [greeting('hello')] });
  const startAt = new Date(hub.world.time + 60_000);
  const endings = { terminated: 'terminate', canceled: 'cancel' } as const;
  for (const [instanceId, end] of Object.entries(endings)) {
    const handle = await hub.settle(hub.client.startNew('greeting', 'Ada', { instanceId, startAt }));
    await hub.settle(handle[end]());
    const history = await hub.settle(handle.history());
    t.is(history.length, 2);
    t.is(checkReplay([{ instanceId, history }], [greeting('hello')])[0]?.error, undefined);
  }
});

test('a history is replayed by the code of its version, and told when there is none', async (t) => {
  const history = await stored(greeting('hello', '1'));
  t.like(checkReplay([history], [greeting('hail', '2'), greeting('hello', '1')])[0], {
    version: '1',
    error: undefined,
  });
  t.like(checkReplay([history], [greeting('hello', '2')])[0], { error: { code: 'PERDURE_UNKNOWN_ORCHESTRATOR' } });
});

test('what is no whole history, and what only a later build can replay, is told and nothing is thrown', async (t) => {
  const { instanceId, history } = await stored(greeting('hello'));
  const [started, ...rest] = history;
  const bad: readonly (readonly [unknown, string])[] = [
    [undefined, 'PERDURE_CORRUPT_HISTORY'],
    ['text', 'PERDURE_CORRUPT_HISTORY'],
    [[], 'PERDURE_CORRUPT_HISTORY'],
    [rest, 'PERDURE_CORRUPT_HISTORY'],
    [[started, { type: 'Unheard' }], 'PERDURE_CORRUPT_HISTORY'],
    [[started, null], 'PERDURE_CORRUPT_HISTORY'],
    [[{ ...started, input: undefined, inputRef: reference }, ...rest], 'PERDURE_CORRUPT_HISTORY'],
    [[{ ...started, behaviour: 1_000 }, ...rest], 'PERDURE_VERSION_TOO_NEW'],
  ];
  const checks = checkReplay(
    bad.map(([each]) => JSON.parse(JSON.stringify({ instanceId, history: each })) as StoredHistory),
    [greeting('hello')],
  );
  t.deepEqual(
    checks.map(({ error }) => error?.code),
    bad.map(([, code]) => code),
  );
  t.true(checks.at(-1)?.error instanceof VersionTooNewError);
});

const reference = { key: 'o.greeting-1/x', bytes: 300_000, hash: `SHA-256=${'A'.repeat(43)}=` };

test('classes that cannot work are refused before anything is replayed', (t) => {
  t.throws(() => checkReplay([], [Transfer, Transfer]), { code: 'PERDURE_DEFINITION' });
});
