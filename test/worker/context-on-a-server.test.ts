import test from 'ava';
import { AggregateTaskError, NonRetriableError, OrchestrationContext, type Orchestration, type Task } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { Stage } from './stage.js';

/** What the context gives and does, end to end on a real server. */

class Jobs {
  readonly runs: string[] = [];

  @Activity({ input: 'unknown' }) echo(value: unknown): unknown {
    return value;
  }
  @Activity({ input: String }) fail(why: string): never {
    this.runs.push(why);
    throw new RangeError(why);
  }
  @Activity({ input: String, retry: { maxAttempts: 3, firstRetryIntervalInMilliseconds: 10 } }) failAgain(
    why: string,
  ): never {
    this.runs.push(why);
    throw new RangeError(why);
  }
  @Activity({ input: String }) giveUp(why: string): never {
    this.runs.push(why);
    throw new NonRetriableError(why);
  }
}

@Entity('mirror')
class Mirror {
  state: { last: unknown } = { last: 'none' };
  @Operation({ input: 'unknown' }) show(value: unknown): unknown {
    this.state.last = value;
    return value;
  }
}

/** Hands a value through all that can carry one. */
@Orchestrator('carrier')
class Carrier {
  @Run({ input: 'unknown' }) *run(value: unknown, ctx: OrchestrationContext): Orchestration<unknown[]> {
    ctx.setCustomStatus([value]);
    const event = ctx.waitForExternalEvent('Value');
    ctx.sendEvent(ctx.instanceId, 'value', value);
    const tasks: Task<unknown>[] = [
      ctx.callActivity(Jobs).echo(value),
      ctx.callEntity(Mirror, ctx.instanceId).show(value),
      ctx.callSubOrchestrator(Returning, value),
      event,
    ];
    const all = yield* ctx.all(tasks);
    const first = yield* ctx.any([tasks[0]!]);
    return [value, ctx.input, ...all, yield* ctx.race([tasks[1]!]), first === tasks[0], ctx.customStatus];
  }
}

@Orchestrator('returning')
class Returning {
  @Run({ input: 'unknown' }) run(value: unknown): unknown {
    return value;
  }
}

/** Tells in each of its two executions who it is. */
@Orchestrator('who')
class Who {
  @Run({ input: 'unknown' }) *run(before: string[], ctx: OrchestrationContext): Orchestration<string[]> {
    const names = [...before, ctx.instanceId, ctx.executionId, String(ctx.parentInstanceId), ctx.newGuid()];
    yield* ctx.createTimer(1);
    if (before.length === 0) ctx.continueAsNew(names);
    return names;
  }
}

@Orchestrator('whose')
class Whose {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    return yield* ctx.callSubOrchestrator(Who, [], { instanceId: `child of ${ctx.instanceId}` });
  }
}

/** Waits for three of which two fail. */
@Orchestrator('gathering')
class Gathering {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    const jobs = ctx.callActivity(Jobs);
    const tasks = [jobs.fail('one'), jobs.echo('two'), jobs.fail('three')] as const;
    try {
      return yield* ctx.all(tasks);
    } catch (error) {
      if (!(error instanceof AggregateTaskError)) throw error;
      const known = [RangeError, TypeError].map((type) => error.isCausedBy(type));
      return [error.message, error.errors.length, known, yield* tasks[1]];
    }
  }
}

@Orchestrator('failing')
class Failing {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.all([ctx.callActivity(Jobs).fail('a'), ctx.callActivity(Jobs).fail('b')]);
  }
}

const day = 24 * 3_600_000;

/** Sets timers that are far away, near, past and cancelled. */
@Orchestrator('clockwork')
class Clockwork {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const begun = ctx.currentUtcDateTime.getTime();
    const far = [ctx.createTimer(40 * day), ctx.createTimer(new Date(begun + 90 * 365 * day))];
    const cancelled = ctx.createTimer(100);
    cancelled.cancel();
    yield* ctx.createTimer(new Date(0));
    const near = ctx.createTimer(300);
    const won = yield* ctx.any([...far, near]);
    const taken = ctx.currentUtcDateTime.getTime() - begun;
    return [won === near, taken >= 300, cancelled.isCanceled, cancelled.isCompleted, far.map((one) => one.isCompleted)];
  }
}

/** Tries in vain, under one policy after the other. */
@Orchestrator('stubborn')
class Stubborn {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    const plain = { maxAttempts: 4, firstRetryIntervalInMilliseconds: 10 };
    const thrower = (): never => {
      throw new Error('cannot decide');
    };
    const policies = {
      growing: { ...plain, backoffCoefficient: 10, maxRetryIntervalInMilliseconds: 200 },
      timed: { ...plain, maxAttempts: Infinity, retryTimeoutInMilliseconds: 35 },
      null: { ...plain, retryIf: () => null },
      NaN: { ...plain, retryIf: () => NaN },
      throwing: { ...plain, retryIf: thrower },
      false: { ...plain, retryIf: () => false },
      listed: { ...plain, nonRetriableErrors: ['RangeError'] },
    };
    const ends: string[] = [];
    const note = ([end]: PromiseSettledResult<unknown>[]) =>
      ends.push(end?.status === 'rejected' ? (end.reason as Error).message : 'no failure');
    for (const [name, retry] of Object.entries(policies))
      note(yield* ctx.allSettled([ctx.callActivity(Jobs, { retry }).fail(name)]));
    note(yield* ctx.allSettled([ctx.callActivity(Jobs).failAgain('declared')]));
    note(yield* ctx.allSettled([ctx.callActivity(Jobs, { retry: plain }).giveUp('final')]));
    return ends;
  }
}

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

async function stage(name: string) {
  const jobs = new Jobs();
  const around = await Stage.on(server, name);
  const orchestrators = [Carrier, Returning, Who, Whose, Gathering, Failing, Clockwork, Stubborn];
  await around.start({ entities: [Mirror], orchestrators, activities: [jobs], idleMemoryBytes: 0 });
  return Object.assign(around, { jobs });
}

test('on a real server: falsy values survive as input, result, answer, event, state, status and output', async (t) => {
  await using around = await stage('falsy');
  const { client } = around;
  for (const value of [0, '', false, null]) {
    const handle = await client.startNew(Carrier, value);
    t.deepEqual(await handle.result(), [value, value, value, value, value, value, value, true, [value]]);
    t.like(await handle.status(), { input: value, customStatus: [value] });
    const { entityExists, entityState } = await client.readEntityState(Mirror, handle.instanceId);
    t.deepEqual([entityExists, entityState], [true, { last: value }]);
    t.is(await (await client.startNew(Returning, value)).result(), value);
  }
  t.is(await (await client.startNew(Returning, undefined)).result(), undefined);
});

test('on a real server: an execution knows its instance and its parent, and is another one after continueAsNew', async (t) => {
  await using around = await stage('identities');
  const handle = await around.client.startNew(Whose, undefined, { instanceId: 'boss' });
  const [id, first, parent, guid, sameId, second, sameParent, otherGuid] = await handle.result();
  t.deepEqual([id, parent, sameId, sameParent], ['child of boss', 'boss', 'child of boss', 'boss']);
  t.is(new Set([first, second, (await handle.status()).executionId]).size, 3);
  t.not(guid, otherGuid);
  for (const one of [guid, otherGuid])
    t.regex(one!, /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  t.is((await around.client.getHandle('child of boss').status()).executionId, second);
});

test('on a real server: all waits for all, and tells every failure, to the code and to whoever waits for the instance', async (t) => {
  await using around = await stage('aggregates');
  const { client } = around;
  const text = '2 of 3 tasks failed: activity "fail" failed: one; activity "fail" failed: three';
  t.deepEqual(await (await client.startNew(Gathering)).result(), [text, 2, [true, false], 'two']);
  const failing = await client.startNew(Failing);
  const error = await t.throwsAsync(failing.result(), { code: 'PERDURE_ORCHESTRATION_FAILED' } as never);
  const { failureDetails } = error as unknown as { failureDetails: Record<string, unknown> };
  t.like(failureDetails, {
    name: 'AggregateTaskError',
    cause: { name: 'TaskFailedError', cause: { name: 'RangeError', message: 'a' } },
  });
  t.like((failureDetails['errors'] as object[])[0], { name: 'TaskFailedError', cause: { message: 'b' } });
});

test('on a real server: timers of 40 days and 90 years do not fire, a past one does at once, and none of them keeps the instance', async (t) => {
  await using around = await stage('clockwork');
  const handle = await around.client.startNew(Clockwork);
  t.deepEqual(await handle.result(), [true, true, true, false, [false, false]]);
  const types = (await handle.history()).map(({ type }) => type);
  const count = (type: string) => types.filter((one) => one === type).length;
  t.deepEqual([count('TimerCreated'), count('TimerFired'), count('TimerCanceled')], [5, 2, 1]);
});

test('on a real server: attempts are as many as their policy says, with the waits that it says, all in the history', async (t) => {
  await using around = await stage('policies');
  const handle = await around.client.startNew(Stubborn);
  const names = ['growing', 'timed', 'null', 'NaN', 'throwing', 'false', 'listed'];
  t.deepEqual(await handle.result(), [
    ...names.map((name) => `activity "fail" failed: ${name}`),
    'activity "failAgain" failed: declared',
    'activity "giveUp" failed: final',
  ]);
  const runs = (name: string) => around.jobs.runs.filter((run) => run === name).length;
  t.deepEqual([runs('growing'), runs('declared')], [4, 3]);
  t.true(runs('timed') >= 1 && runs('timed') <= 4, `${runs('timed')} within 35 ms, 10 ms apart`);
  t.deepEqual([...names.slice(2), 'final'].map(runs), [1, 1, 1, 1, 1, 1]);
  const history = await handle.history();
  const waits = history.flatMap((event, at) => {
    const before = history[at - 1];
    return event.type === 'TimerCreated' && before?.type === 'TaskFailed' ? [event.fireAt - before.at] : [];
  });
  t.deepEqual(waits.slice(0, 3), [10, 100, 200]);
  t.is(history.filter(({ type }) => type === 'TaskScheduled').length, around.jobs.runs.length);
});
