import test from 'ava';
import {
  CancelledError,
  OrchestrationContext,
  TaskHubClient,
  type Orchestration,
  type OrchestrationHandle,
} from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run, Update } from 'perdure/decorators';
import { MemoryTaskHub } from './memory-world.js';

/** Listens until it is told to stop; what it has heard is what it returns. */
function listener(version?: string) {
  @Orchestrator('listener', { version })
  class Listener {
    readonly #noted: string[] = [];
    @Run({ input: String }) *run(greeting: string, ctx: OrchestrationContext): Orchestration<string[]> {
      const heard = [greeting];
      try {
        for (let word = ''; word !== 'stop'; heard.push(word)) word = yield* ctx.waitForExternalEvent<string>('say');
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        heard.push('canceled');
      }
      return [...heard, ...this.#noted];
    }
    @Update({ input: String }) note(word: string): number {
      return this.#noted.push(word);
    }
  }
  return Listener;
}

/** Fails as long as its activity does. */
@Orchestrator('fragile')
class Fragile {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.callActivity<string>('mend');
  }
}

/** Waits for a child whose code may be nowhere. */
@Orchestrator('parent')
class Parent {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator('listener', 'hello', { instanceId: 'child' });
  }
}

class Mender {
  static isBroken = true;
  @Activity() mend(): string {
    if (Mender.isBroken) throw new RangeError('broken');
    return 'mended';
  }
}

@Entity('counter')
class Counter {
  state = 0;
  @Operation() add(): number {
    return ++this.state;
  }
}

/** An owner that has none of the orchestrators, and perhaps a listener that waits for code. */
async function waiting({ isBegun = true, version }: { isBegun?: boolean; version?: string | undefined } = {}) {
  const hub = new MemoryTaskHub(1);
  const former = await hub.start('former', {
    orchestrators: [listener(version), Fragile, Parent],
    activities: [new Mender()],
  });
  const begin = (): Promise<OrchestrationHandle> =>
    hub.settle(hub.client.startNew('listener', 'hello', { instanceId: 'l' }));
  let handle: OrchestrationHandle | undefined;
  if (isBegun) {
    handle = await begin();
    await hub.settle(handle.raiseEvent('say', 'one'));
    await hub.advance(1_000);
  }
  await hub.stop(former);
  const owner = await hub.start('owner', { entities: [Counter] });
  handle ??= hub.client.getHandle('l');
  const say = (word: string): Promise<boolean> => hub.settle(hub.client.raiseEvent('l', 'say', word));
  const status = async () => (await hub.settle(hub.client.getHandle('l').status())).runtimeStatus;
  const codeComes = async () => {
    const worker = await hub.start('code', {
      orchestrators: [listener(version), Fragile, Parent],
      activities: [new Mender()],
    });
    await hub.advance(2_000);
    return worker;
  };
  return { hub, handle, owner, say, status, codeComes, begin };
}

const code = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

test('an instance whose next message waits for code that no worker has is terminated at once', async (t) => {
  for (const version of [undefined, '1']) {
    const { hub, handle, say, status, codeComes } = await waiting({ version });
    await say('two');
    await hub.advance(200);
    const began = hub.world.scheduler.now;
    await hub.settle(handle.terminate('over', { reason: 'no code' }));
    t.true(hub.world.scheduler.now - began < 100);
    t.is(await status(), 'Terminated');
    await t.throwsAsync(hub.settle(handle.result()), { code: 'PERDURE_ORCHESTRATION_TERMINATED' });
    const { names } = await hub.settle(hub.client.namesWithoutWorker());
    t.false(
      names.some(({ waitingInstances }) => waitingInstances > 0),
      'nothing waits any more',
    );
    await codeComes();
    t.is(await status(), 'Terminated');
  }
});

test('one whose very start waits for code is terminated, suspended and purged', async (t) => {
  const { hub, status, codeComes, begin, say } = await waiting({ isBegun: false });
  const late = hub.client.startNew('listener', 'hello'); // a new id has only to be stored
  const unknown = await hub.settle(late);
  await hub.advance(500);
  await hub.settle(unknown.terminate('over'));
  t.like(await hub.settle(unknown.status()), { runtimeStatus: 'Terminated', output: 'over', input: 'hello' });
  await hub.settle(unknown.purge());
  await t.throwsAsync(hub.settle(hub.client.getHandle(unknown.instanceId).status()), { code: 'PERDURE_NOT_FOUND' });

  await begin();
  await hub.settle(hub.client.suspend('l', 'not yet'));
  t.is(await status(), 'Suspended');
  await say('two');
  await codeComes();
  t.is(await status(), 'Suspended', 'its code is here, but somebody has suspended it');
  await hub.settle(hub.client.resume('l'));
  await say('stop');
  t.deepEqual(await hub.settle(hub.client.getHandle('l').result()), ['hello', 'two', 'stop']);
});

test('what was started is Pending while its code is nowhere, to everybody, and says whose code it lacks', async (t) => {
  for (const version of [undefined, '1']) {
    const { hub, owner, codeComes, begin } = await waiting({ isBegun: false, version });
    const name = version === undefined ? 'listener' : 'listener@1';
    const options = { version, tags: { of: 'us' } };
    const own = await hub.settle(hub.client.startNew('listener', 'hello', options)); // it has only to be stored
    const other = new TaskHubClient(hub.connect('other'), { timeoutInMilliseconds: 10_000 });
    await hub.advance(200);
    const pending = { runtimeStatus: 'Pending', name: 'listener', input: 'hello', ...options, historyLength: 0 };
    const found = other.getHandle(own.instanceId);
    t.like(await hub.settle(found.status()), { ...pending, source: 'owner', nameWithoutWorker: name });
    t.like(await hub.settle(own.status()), { ...pending, source: 'owner', nameWithoutWorker: name });
    t.deepEqual(await hub.settle(found.history()), []);
    t.is((await hub.settle(other.countInstances({ runtimeStatus: 'Pending' }))).total, 1);
    const { names } = await hub.settle(other.namesWithoutWorker());
    t.deepEqual(names[0], { kind: 'orchestrator', name, waitingInstances: 1 });
    t.is(await code(hub.settle(found.query('any'))), 'PERDURE_NO_WORKER');
    t.true(await hub.settle(found.raiseEvent('say', 'one')));
    const result = found.result();

    await hub.stop(owner); // who looks at it now sees its view
    t.like(await hub.settle(found.status()), { ...pending, source: 'view', nameWithoutWorker: undefined });
    await hub.start('next', { entities: [Counter] });
    t.like(await hub.settle(found.status()), { ...pending, source: 'owner', nameWithoutWorker: name });

    await codeComes();
    t.like(await hub.settle(found.status()), { runtimeStatus: 'Running', version, nameWithoutWorker: undefined });
    t.true(await hub.settle(found.raiseEvent('say', 'stop')));
    t.deepEqual(await hub.settle(result), ['hello', 'one', 'stop']);
    t.is((await hub.settle(begin())).instanceId, 'l');
  }
});

test('under a given id it is decided at once which start holds, though nobody has the code', async (t) => {
  const { hub, codeComes, begin, say } = await waiting({ isBegun: false });
  const start = (ifExists?: 'attach' | 'replace') =>
    hub.settle(hub.client.startNew('listener', 'again', { instanceId: 'l', ifExists }));
  const first = await begin();
  t.is(await code(start()), 'PERDURE_INSTANCE_EXISTS');
  t.is((await start('attach')).runId, first.runId);
  const second = await start('replace');
  t.is(await code(hub.settle(first.result())), 'PERDURE_ORCHESTRATION_TERMINATED');
  t.like(await hub.settle(second.status()), { runtimeStatus: 'Pending', nameWithoutWorker: 'listener' });
  await codeComes();
  await say('stop');
  t.deepEqual(await hub.settle(second.result()), ['again', 'stop']);
});

test('a start is decided also behind messages that wait for code, in memory and parked', async (t) => {
  for (const isParked of [false, true]) {
    const { hub, handle, say, codeComes } = await waiting();
    await say('two');
    await hub.advance(isParked ? 2_000 : 100);
    const start = (ifExists?: 'attach') =>
      hub.settle(hub.client.startNew('listener', 'again', { instanceId: 'l', ifExists }));
    const began = hub.world.scheduler.now;
    t.is(await code(start()), 'PERDURE_INSTANCE_EXISTS');
    t.is((await start('attach')).runId, handle.runId);
    t.true(hub.world.scheduler.now - began < 200);
    await say('stop');
    await codeComes();
    t.deepEqual(await hub.settle(handle.result()), ['hello', 'one', 'two', 'stop']);
  }
});

test('one that has begun says when its code is taken away, also while nothing comes for it, and not once it has ended', async (t) => {
  const { hub, handle, codeComes } = await waiting();
  t.like(await hub.settle(handle.status()), { runtimeStatus: 'Running', nameWithoutWorker: 'listener' });
  const worker = await codeComes();
  t.is((await hub.settle(handle.status())).nameWithoutWorker, undefined);
  await hub.stop(worker);
  await hub.advance(5_000);
  t.is((await hub.settle(handle.status())).nameWithoutWorker, 'listener');
  await hub.settle(handle.terminate());
  t.is((await hub.settle(handle.status())).nameWithoutWorker, undefined);
});

test('a child whose code is nowhere is Pending, and its parent waits for it', async (t) => {
  const { hub } = await waiting({ isBegun: false });
  await hub.start('parents', { orchestrators: [Parent] });
  const parent = await hub.settle(hub.client.startNew('parent'));
  await hub.advance(500);
  t.like(await hub.settle(hub.client.getHandle('child').status()), {
    runtimeStatus: 'Pending',
    nameWithoutWorker: 'listener',
  });
  t.like(await hub.settle(parent.status()), { runtimeStatus: 'Running', nameWithoutWorker: undefined });
});

test('what came before is held back in its order, and nothing of it is lost or doubled when the code comes', async (t) => {
  const { hub, handle, say, status, codeComes } = await waiting();
  for (const word of ['two', 'three']) await say(word);
  const noted = hub.client.getHandle('l').update<number>('note', 'n');
  await hub.advance(200);
  await hub.settle(handle.suspend('no code'));
  t.is(await status(), 'Suspended');
  await say('four');
  await hub.settle(handle.resume());
  t.is(await status(), 'Running');
  await say('five');
  await say('stop');
  await hub.advance(2_000);
  await codeComes();
  t.is(await hub.settle(noted), 1);
  t.deepEqual(await hub.settle(handle.result()), ['hello', 'one', 'two', 'three', 'four', 'five', 'stop', 'n']);
});

test('it stays so over a takeover, before the code comes and while it is suspended', async (t) => {
  const { hub, handle, owner, say, status, codeComes } = await waiting();
  await say('two');
  await hub.settle(handle.suspend());
  await say('three');
  await hub.stop(owner);
  const next = await hub.start('next', { entities: [Counter] });
  t.is(await status(), 'Suspended');
  await hub.settle(handle.resume());
  await say('stop');
  await hub.stop(next);
  await hub.start('last', { entities: [Counter] });
  await codeComes();
  t.deepEqual(await hub.settle(handle.result()), ['hello', 'one', 'two', 'three', 'stop']);
});

test('to cancel is told to the code when that comes; one that has not begun ends at once', async (t) => {
  const { hub, handle, say, status, codeComes } = await waiting();
  await say('two');
  await hub.settle(handle.cancel('no code'));
  t.is(await status(), 'Running');
  await codeComes();
  t.deepEqual(await hub.settle(handle.result()), ['hello', 'one', 'two', 'canceled']);

  const other = await waiting({ isBegun: false });
  const unbegun = await other.hub.settle(other.hub.client.startNew('listener', 'hello'));
  await other.hub.advance(200);
  await other.hub.settle(unbegun.suspend());
  await other.hub.settle(unbegun.cancel());
  t.is((await other.hub.settle(unbegun.status())).runtimeStatus, 'Canceled');
});

test('a restart without code is taken, and begins when the code comes; it can be terminated before', async (t) => {
  const { hub, handle, say, status, codeComes } = await waiting();
  await hub.settle(handle.terminate());
  const second = await hub.settle(handle.restart());
  t.is(await status(), 'Pending');
  await hub.settle(second.terminate());
  const third = await hub.settle(second.restart());
  await codeComes();
  t.is(await status(), 'Running');
  await say('stop');
  t.deepEqual(await hub.settle(third.result()), ['hello', 'stop']);
});

test('a rewind needs the code: it waits for it, and is refused when what comes behind it does not', async (t) => {
  const { hub, codeComes } = await waiting({ isBegun: false });
  const worker = await codeComes();
  const failed = await hub.settle(hub.client.startNew('fragile'));
  await t.throwsAsync(hub.settle(failed.result()), { code: 'PERDURE_ORCHESTRATION_FAILED' });
  await hub.stop(worker);
  const refused = code(failed.rewind());
  await hub.advance(2_000);
  t.is(await hub.settle(code(failed.terminate())), 'PERDURE_INSTANCE_ENDED');
  t.is(await hub.settle(refused), 'PERDURE_NO_WORKER');
  const waits = code(failed.rewind());
  await hub.advance(2_000);
  Mender.isBroken = false;
  await codeComes();
  t.is(await hub.settle(waits), 'done');
  t.is(await hub.settle(failed.result()), 'mended');
});

test('a child whose code is nowhere is terminated with its parent, and told so to one that waits', async (t) => {
  const { hub } = await waiting({ isBegun: false });
  await hub.start('parents', { orchestrators: [Parent] });
  const parent = await hub.settle(hub.client.startNew('parent'));
  await hub.advance(500);
  const child = hub.client.getHandle('child');
  await hub.settle(child.terminate(undefined, { reason: 'no code' }));
  await t.throwsAsync(hub.settle(parent.result()), { code: 'PERDURE_ORCHESTRATION_FAILED' });
  const second = await hub.settle(parent.restart());
  await hub.advance(500);
  await hub.settle(second.terminate());
  await hub.advance(500);
  t.is((await hub.settle(child.status())).runtimeStatus, 'Terminated');
});

test('a start that replaces is taken without its code, and ends what it replaces', async (t) => {
  const { hub, handle, say, codeComes } = await waiting();
  const replacing = hub.client.startNew('listener', 'again', { instanceId: 'l', ifExists: 'replace' });
  await hub.advance(500);
  const suspending = hub.client.suspend('l');
  const second = await hub.settle(replacing);
  await hub.settle(suspending);
  await t.throwsAsync(hub.settle(handle.result()), { code: 'PERDURE_ORCHESTRATION_TERMINATED' });
  await hub.settle(second.resume());
  await codeComes();
  await say('stop');
  t.deepEqual(await hub.settle(second.result()), ['again', 'stop']);
});

/** Goes on with a version that no worker has. */
@Orchestrator('turner', { version: '1' })
class Turner {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.waitForExternalEvent('turn');
    ctx.continueAsNew(undefined, { version: '2' });
  }
}

test('one that continues as new with a version that no worker has is suspended, resumed and terminated', async (t) => {
  const hub = new MemoryTaskHub(1);
  await hub.start('turner', { orchestrators: [Turner] });
  const handle = await hub.settle(hub.client.startNew('turner'));
  await hub.settle(handle.raiseEvent('turn'));
  await hub.advance(500);
  const { names } = await hub.settle(hub.client.namesWithoutWorker());
  t.deepEqual(names, [{ kind: 'orchestrator', name: 'turner@2', waitingInstances: 1 }]);
  await hub.settle(handle.suspend());
  t.is((await hub.settle(handle.status())).runtimeStatus, 'Suspended');
  await hub.settle(handle.resume());
  await hub.settle(handle.raiseEvent('turn'));
  await hub.settle(handle.terminate('over'));
  t.like(await hub.settle(handle.status()), { runtimeStatus: 'Terminated', output: 'over' });
});
