import test from 'ava';
import { OrchestrationContext, PayloadTooLargeError, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Query, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from './stage.js';

/** What orchestrators see of the context when their code is replayed again and again, on a real server. */

class Jobs {
  @Activity() quick(): number {
    return 0;
  }
}

/** What code saw when it passed a place. */
interface Sight {
  readonly isReplaying: boolean;
  readonly drawn: number;
  readonly guid: string;
  readonly now: number;
}

/** Keeps what it sees at each place, every time that it passes. */
@Orchestrator('watchful', { version: '1.10' })
class Watchful {
  /** By instance and place. */
  static readonly sights = new Map<string, Sight[]>();
  #passed = 0;

  /** How many places its code has passed. */
  @Query() passed(): number {
    return this.#passed;
  }

  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<number[]> {
    const look = (place: string): void => {
      const name = `${ctx.instanceId}: ${place}`;
      const now = ctx.currentUtcDateTime.getTime();
      const sight = { isReplaying: ctx.isReplaying, drawn: ctx.random(), guid: ctx.newGuid(), now };
      this.#passed++;
      Watchful.sights.set(name, [...(Watchful.sights.get(name) ?? []), sight]);
    };
    look('first line');
    const both = [ctx.callActivity(Jobs).quick(), ctx.waitForExternalEvent('go')];
    look('before all');
    yield* ctx.all(both);
    look('after all');
    yield* ctx.waitForExternalEvent('end');
    look('last line');
    return ['1.9', '1.10.0', '1.11'].map((version) => Math.sign(ctx.compareVersion(version)));
  }
}

/** Shows a custom status in its first execution, and tells in its second what is left of it. */
@Orchestrator('showing')
class Showing {
  @Run({ input: String }) *run(refused: string, ctx: OrchestrationContext): Orchestration<unknown[]> {
    if (refused === '') {
      ctx.setCustomStatus({ done: 1 });
      let code = 'none';
      try {
        ctx.setCustomStatus('x'.repeat(20_000));
      } catch (error) {
        if (error instanceof PayloadTooLargeError) code = error.code;
      }
      yield* ctx.waitForExternalEvent('next');
      ctx.continueAsNew(code);
      return [];
    }
    yield* ctx.waitForExternalEvent('next');
    return [refused, ctx.customStatus];
  }
}

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

test('on a real server: of isReplaying, random, newGuid and the time each replay sees the same, and of every line one pass is the first', async (t) => {
  await using stage = await Stage.on(server, 'watchful');
  const { client } = stage;
  const hosted = { orchestrators: [Watchful], activities: [new Jobs()], idleMemoryBytes: 0 };
  const first = await stage.start(hosted);
  const ids = ['a', 'b'];
  const sightsOf = (id: string, place: string) => Watchful.sights.get(`${id}: ${place}`) ?? [];
  /** Asks an instance that rests, and is not kept in memory, until its code has been run again for that. */
  const replayed = async (id: string, place: string, passed: number): Promise<void> => {
    const isReplayed = async () => {
      t.is(await client.getHandle(Watchful, id).query().passed(), passed);
      return sightsOf(id, place).length > 1;
    };
    await until(isReplayed, `${id} to be replayed`);
  };
  for (const instanceId of ids) await client.startNew(Watchful, undefined, { instanceId });
  for (const id of ids) await stage.reached(id, 'TaskCompleted');
  for (const id of ids) await replayed(id, 'before all', 2);
  for (const id of ids) await client.raiseEvent(id, 'go');
  for (const id of ids) await stage.reached(id, 'EventRaised');
  for (const id of ids) await replayed(id, 'after all', 3);
  await first.stop();
  await stage.start(hosted);
  for (const id of ids) await client.raiseEvent(id, 'end');
  for (const id of ids) t.deepEqual(await client.getHandle(id).result(), [1, 0, -1]);

  const places = ['first line', 'before all', 'after all', 'last line'];
  const passes = ids.flatMap((id) => places.map((place) => sightsOf(id, place)));
  for (const [live, ...again] of passes) {
    t.false(live!.isReplaying);
    for (const sight of again) t.deepEqual(sight, { ...live!, isReplaying: true });
  }
  t.true(passes.every(({ length }, at) => (places[at % places.length] === 'last line' ? length === 1 : length > 2)));
  for (const draw of ['drawn', 'guid'] as const)
    t.is(new Set(passes.map(([sight]) => sight![draw])).size, passes.length, draw);
  t.true(passes.every(([sight]) => sight!.drawn >= 0 && sight!.drawn < 1));
});

test('on a real server: a custom status that is too large is refused, and none outlives its execution', async (t) => {
  await using stage = await Stage.on(server, 'showing');
  const hosted = { orchestrators: [Showing] };
  const worker = await stage.start(hosted);
  const handle = await stage.client.startNew(Showing, '');
  await until(async () => (await handle.status()).customStatus !== undefined, 'the custom status to be shown');
  t.deepEqual((await handle.status()).customStatus, { done: 1 });
  await handle.raiseEvent('next');
  await until(async () => (await handle.status()).input !== '', 'the next execution to begin');
  t.is((await handle.status()).customStatus, undefined);
  await worker.stop();
  t.like(await handle.status(), { source: 'view', customStatus: undefined });
  await stage.start(hosted);
  t.is((await handle.status()).customStatus, undefined);
  await handle.raiseEvent('next');
  t.deepEqual(await handle.result(), ['PERDURE_PAYLOAD_TOO_LARGE', null]);
});
