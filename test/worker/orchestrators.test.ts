import { IsInt, Min } from 'class-validator';
import test from 'ava';
import {
  ActivityContext,
  EntityContext,
  NonRetriableError,
  OrchestrationContext,
  OrchestrationFailedError,
  TaskFailedError,
  type Orchestration,
} from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from './stage.js';

/** What orchestrators can do, end to end on a real server. */

class Approval {
  @IsInt() @Min(1) level!: number;
}

class InsufficientFunds extends Error {
  constructor(readonly missing: number) {
    super(`${missing} is missing`);
  }
}

class Jobs {
  readonly runs: string[] = [];

  @Activity({ input: String }) flaky(until: string): string {
    this.runs.push(until);
    if (this.runs.filter((run) => run === until).length < Number(until)) throw new Error('not yet');
    return `done after ${until}`;
  }
  @Activity() state(): string {
    this.runs.push('state');
    return this.runs.filter((run) => run === 'state').length < 3 ? 'pending' : 'ready';
  }
  @Activity() steal(): void {
    this.runs.push('steal');
    throw new NonRetriableError('stolen');
  }
  /** Ends when nobody waits for it any more. */
  @Activity() slow(_: void, { signal }: ActivityContext): Promise<string> {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('late')));
  }
  @Activity() quick(): number {
    return 0;
  }
}

@Entity('purse')
class Purse {
  state = { balance: 5, tries: 0 };
  @Operation({ input: Number }) pay(amount: number): number {
    if (amount > this.state.balance) throw new InsufficientFunds(amount - this.state.balance);
    return (this.state.balance -= amount);
  }
}

@Orchestrator('labelled', { version: '1.2', versionMatchStrategy: 'currentOrOlder' })
class Labelled {
  @Run({ input: Number }) *run(round: number, ctx: OrchestrationContext): Orchestration<unknown[]> {
    ctx.setCustomStatus({ round });
    yield* ctx.waitForExternalEvent('go', { timeout: 50, default: 0 });
    ctx.log.info('A round is over', { round });
    if (round === 0) return [ctx.version, ctx.tags, ctx.memo ?? null, ctx.customStatus, ctx.input];
    ctx.continueAsNew(round - 1);
    return [];
  }
}

@Orchestrator('approvals')
class Approvals {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const first = yield* ctx.waitForExternalEvent('approved', Approval, { timeout: 60_000 });
    const none = yield* ctx.waitForExternalEvent('approved', { timeout: 50, default: false });
    const [late, broken, good] = yield* ctx.allSettled([
      ctx.withTimeout(ctx.callActivity(Jobs).slow(), 50),
      ctx.waitForExternalEvent('never', { timeout: new Date(0) }),
      ctx.withTimeout(ctx.callActivity(Jobs).quick(), 60_000),
    ]);
    const reason = (one: PromiseSettledResult<unknown>) =>
      one.status === 'rejected' ? (one.reason as Error).name : '';
    return [first instanceof Approval && first.level, none, reason(late), reason(broken), good];
  }
}

/** Lets a slow activity run against what is quicker, and goes on with the winner. */
@Orchestrator('contest')
class Contest {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const slow = ctx.callActivity(Jobs).slow();
    const event = ctx.waitForExternalEvent<string>('go');
    const won = yield* ctx.race([slow, event]);
    const [lost] = yield* ctx.allSettled([ctx.race([ctx.callActivity(Jobs).steal(), slow])]);
    const [failed] = yield* ctx.allSettled([ctx.failFast([slow, ctx.callActivity(Jobs).steal()])]);
    const both = yield* ctx.failFast([ctx.callActivity(Jobs).quick(), event]);
    return [won, lost.status, failed.status, both, slow.isCompleted];
  }
}

@Orchestrator('retrying')
class Retrying {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const retry = { maxAttempts: 5, firstRetryIntervalInMilliseconds: 20, jitter: 0.5 };
    const done = yield* ctx.callActivity(Jobs, { retry }).flaky('3');
    const retryIfResult = (state: unknown) => state === 'pending' && 0;
    const state = yield* ctx.callActivity(Jobs, { retry: { ...retry, retryIfResult } }).state();
    const [stolen] = yield* ctx.allSettled([ctx.callActivity(Jobs, { retry }).steal()]);
    const retryIf = () => 1;
    const [poor] = yield* ctx.allSettled([
      ctx.callEntity(Purse, 'mine', { retry: { ...retry, maxAttempts: 2, retryIf } }).pay(7),
    ]);
    const calm = yield* ctx.callSubOrchestrator(Moody, '4', { retry });
    return [done, state, stolen.status, poor.status, calm];
  }
}

/** Fails as often as its activity does. */
@Orchestrator('moody')
class Moody {
  @Run({ input: String }) *run(until: string, ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.callActivity(Jobs).flaky(until);
  }
}

@Orchestrator('paying')
class Paying {
  @Run({ input: Number }) *run(depth: number, ctx: OrchestrationContext): Orchestration<number> {
    if (depth > 0) return yield* ctx.callSubOrchestrator(Paying, depth - 1);
    return yield* ctx.callEntity(Purse, 'poor').pay(8);
  }
}

@Orchestrator('starter')
class Starter {
  @Run({ input: Number }) *run(round: number, ctx: OrchestrationContext): Orchestration<string> {
    const child = yield* ctx.callSubOrchestrator('who');
    const started = ctx.startNew('who', undefined, { tags: { round: String(round) } });
    ctx.startNew('labelled', 0, { instanceId: 'taken' });
    ctx.sendEvent('listener', 'started', [child, started]);
    if (round > 0) ctx.continueAsNew(round - 1);
    return started;
  }
}

@Orchestrator('who')
class Who {
  @Run() run(_: void, ctx: OrchestrationContext): unknown {
    return [ctx.instanceId, ctx.parentInstanceId ?? null];
  }
}

/** Takes as many events as it is told, in as many executions. */
@Orchestrator('listener')
class Listener {
  @Run({ input: 'unknown' }) *run(
    { left, heard }: { left: number; heard: unknown[] },
    ctx: OrchestrationContext,
  ): Orchestration<unknown[]> {
    if (left === 0) return heard;
    const event = yield* ctx.waitForExternalEvent('STARTED');
    ctx.continueAsNew({ left: left - 1, heard: [...heard, event] });
    return [];
  }
}

@Entity('diary')
class Diary {
  state: [note: string, at: number][] = [];
  @Operation({ input: String }) note(text: string, ctx: EntityContext): void {
    this.state.push([text, ctx.currentUtcDateTime.getTime()]);
  }
}

/** Ends before its signal is sent. */
@Orchestrator('reminding')
class Reminding {
  @Run({ input: Number }) *run(delay: number, ctx: OrchestrationContext): Orchestration<number> {
    ctx.signalEntity(Diary, 'mine', { signalAt: delay }).note('later');
    ctx.signalEntity('diary', 'mine', 'note', 'of the past', { signalAt: new Date(0) });
    yield* ctx.callActivity('quick');
    return ctx.currentUtcDateTime.getTime();
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
  const orchestrators = [Labelled, Approvals, Contest, Retrying, Moody, Paying, Starter, Who, Listener];
  await around.start({ entities: [Purse], orchestrators, activities: [jobs] });
  return Object.assign(around, { jobs });
}

test('labels are kept over continueAsNew and shown by the status, and the log tells each line once', async (t) => {
  await using around = await stage('labels');
  const { client, lines } = around;
  const tags = { customer: 'alice' };
  const handle = await client.startNew(Labelled, 2, { instanceId: 'café', tags, memo: { by: 'test' } });
  t.deepEqual(await handle.result(), ['1.2', tags, { by: 'test' }, { round: 0 }, 0]);
  t.like(await handle.status(), { version: '1.2', tags, memo: { by: 'test' }, customStatus: { round: 0 } });
  const told = lines.filter((line) => line.startsWith('A round is over'));
  t.is(told.length, 3);
  t.true(told.every((line) => line.includes('"instanceId":"café"')));
  const other = await client.startNew(Labelled, 0, { version: '1.1' });
  t.deepEqual((await other.result())[0], '1.1');
  t.deepEqual(await client.raiseEvent('café', 'go'), false, 'it has ended');
});

test('waits for events and tasks end in time', async (t) => {
  await using around = await stage('timeouts');
  const handle = await around.client.startNew(Approvals);
  t.true(await handle.raiseEvent('Approved', { level: 2 }));
  t.deepEqual(await handle.result(), [
    2,
    false,
    'TaskTimedOutError',
    'TaskTimedOutError',
    { status: 'fulfilled', value: 0 },
  ]);
});

test('a race goes on with the first to end, failFast with the first to fail, and the losers keep nothing alive', async (t) => {
  await using around = await stage('contests');
  const handle = await around.client.startNew(Contest);
  t.true(await handle.raiseEvent('Go', 'won'));
  t.deepEqual(await handle.result(), ['won', 'rejected', 'rejected', [0, 'won'], false]);
});

test('activities, operations and sub-orchestrations are tried again as their options say', async (t) => {
  await using around = await stage('retries');
  const { client, jobs } = around;
  const handle = await client.startNew(Retrying);
  t.deepEqual(await handle.result(), ['done after 3', 'ready', 'rejected', 'rejected', 'done after 4']);
  t.is(jobs.runs.filter((run) => run === '3').length, 3);
  t.is(jobs.runs.filter((run) => run === 'steal').length, 1);
  const history = await handle.history();
  t.is(history.filter(({ type }) => type === 'EntityOperationCalled').length, 2);
  const children = history.filter((event) => event.type === 'SubOrchestrationInstanceCreated');
  t.is(new Set(children.map(({ instanceId }) => instanceId)).size, 4);
  const ends = await Promise.all(children.map(({ instanceId }) => client.getHandle(instanceId).status()));
  t.deepEqual(
    ends.map(({ runtimeStatus }) => runtimeStatus),
    ['Failed', 'Failed', 'Failed', 'Completed'],
  );
});

test('what an entity throws is known by its class and has its fields, four sub-orchestrations further up', async (t) => {
  await using around = await stage('failures');
  const handle = await around.client.startNew(Paying, 6);
  const error = await t.throwsAsync(handle.result(), { instanceOf: OrchestrationFailedError });
  t.true(error?.isCausedBy(InsufficientFunds));
  t.true(error?.isCausedBy(TaskFailedError));
  t.false(error?.isCausedBy(RangeError));
  let root = error!.failureDetails;
  while (root.cause) root = root.cause;
  t.like(root, { name: 'InsufficientFunds', message: '3 is missing', fields: { missing: 3 } });
});

test('a signal for later is sent once at its time, though its orchestration has ended and its worker is gone', async (t) => {
  await using around = await Stage.on(server, 'later');
  const { client } = around;
  const hosted = { entities: [Diary], orchestrators: [Reminding], activities: [new Jobs()] };
  const worker = await around.start(hosted);
  const handle = await client.startNew(Reminding, 3_000);
  await handle.result();
  const { createdTime } = await handle.status();
  await worker.stop();
  await around.start(hosted);
  const notes = async () => (await client.readEntityState(Diary, 'mine')).entityState ?? [];
  await until(async () => (await notes()).length === 2, 'both notes');
  const [past, later] = await notes();
  t.is(past?.[0], 'of the past');
  t.is(later?.[0], 'later');
  t.true(later![1] >= createdTime.getTime() + 3_000, 'not before its time');
  t.deepEqual(
    (await client.listInstances()).instances.map(({ name }) => name),
    ['reminding'],
    'nothing else is to be seen',
  );
});

test('orchestrations start others one-way, and every id is used once, through all executions', async (t) => {
  await using around = await stage('starts');
  const { client, lines } = around;
  const taken = await client.startNew(Labelled, 1_000, { instanceId: 'taken' });
  const starter = await client.startNew(Starter, 2);
  await starter.result();
  // The events came before the listener was started.
  const listener = await client.startNew(Listener, { left: 3, heard: [] }, { instanceId: 'listener' });
  const heard = (await listener.result()) as [[string, string], string][];
  const children = heard.map(([[id]]) => id);
  const started = heard.map(([, id]) => id);
  t.is(new Set([...children, ...started]).size, 6);
  t.true(heard.every(([[, parent]]) => parent === starter.instanceId));
  for (const [round, id] of started.entries()) {
    const handle = client.getHandle(id);
    await until(async () => (await handle.status().catch(() => undefined)) !== undefined, 'the start to arrive');
    t.deepEqual(await handle.result(), [id, null]);
    t.deepEqual((await handle.status()).tags, { round: String(2 - round) });
  }
  t.is((await taken.status()).runtimeStatus, 'Running');
  await until(
    () => lines.filter((line) => line.includes('was refused') && line.includes('o.taken')).length === 3,
    'the refusals to be logged',
  );
});
