/** Compiled by `tsc -p .`, which is the test: every `@ts-expect-error` proves the sentence behind it. */
import type { Orchestration, OrchestrationContext, Task, TimerTask } from '../../lib/index.js';
import { Account, Amount, Greetings, Immediate, Nightly, Receipt, Report, Transfer } from './classes.js';
import { exactly } from './exactly.js';

export function* results(ctx: OrchestrationContext): Orchestration<void> {
  exactly<string>()(yield* ctx.callActivity(Greetings).hello('Oslo'), true);
  exactly<string>()(yield* ctx.callActivity<Greetings>().hello('Oslo'), true);
  exactly<unknown>()(yield* ctx.callActivity('hello', 'Oslo'), true);
  exactly<string>()(yield* ctx.callActivity<string>('hello', 'Oslo'), true);
  exactly<number>()(yield* ctx.callEntity(Account, 'a').deposit({ amount: 1 }), true);
  exactly<string[]>()(yield* ctx.callEntity(Account, 'a').audit(), true);
  exactly<unknown>()(yield* ctx.callEntity('account', 'a', 'deposit', { amount: 1 }), true);
  exactly<void>()(ctx.signalEntity(Account, 'a').deposit({ amount: 1 }), true);
  exactly<Receipt>()(yield* ctx.callSubOrchestrator(Transfer, { amount: 1 }), true);
  exactly<void>()(yield* ctx.callSubOrchestrator(Nightly), true);
  exactly<string>()(yield* ctx.callSubOrchestrator(Immediate, 1), true);
  exactly<void>()(yield* ctx.createTimer(1), true);
  exactly<Amount>()(yield* ctx.waitForExternalEvent('paid', Amount), true);
  exactly<unknown>()(yield* ctx.waitForExternalEvent('paid'), true);
  exactly<number>()(yield* ctx.waitForExternalEvent<number>('paid'), true);
  exactly<void>()(yield* ctx.waitUntil(() => true), true);
  exactly<boolean>()(yield* ctx.waitUntil(() => true, { timeoutInMilliseconds: 5 }), true);
}

export function* waitsInTime(ctx: OrchestrationContext): Orchestration<void> {
  const hello = ctx.callActivity(Greetings).hello('Oslo');
  exactly<string>()(yield* ctx.withTimeout(hello, 1_000), true);
  exactly<Amount>()(yield* ctx.waitForExternalEvent('paid', Amount, { timeout: new Date(0) }), true);
  exactly<Amount | null>()(yield* ctx.waitForExternalEvent('paid', Amount, { timeout: 1, default: null }), true);
  exactly<number>()(yield* ctx.waitForExternalEvent<number>('paid', { timeout: 1 }), true);
  exactly<boolean>()(yield* ctx.waitForExternalEvent<boolean>('paid', { timeout: 1, default: false }), true);
  exactly<number | undefined>()(
    yield* ctx.waitForExternalEvent<number, undefined>('paid', { timeout: 1, default: undefined }),
    true,
  );
  // @ts-expect-error -- a default without a timeout does not compile
  ctx.waitForExternalEvent('paid', Amount, { default: null });
  // @ts-expect-error -- only a task has a time limit
  ctx.withTimeout(Promise.resolve(1), 1);
}

export function starts(ctx: OrchestrationContext): void {
  exactly<string>()(ctx.startNew(Transfer, { amount: 1 }, { tags: { of: 'x' }, memo: 1, version: '1' }), true);
  exactly<string>()(ctx.startNew(Nightly), true);
  exactly<string>()(ctx.startNew('transfer', { amount: 1 }), true);
  // @ts-expect-error -- a missing input does not compile
  ctx.startNew(Transfer);
  // @ts-expect-error -- nor do tags that are no texts
  ctx.startNew(Nightly, undefined, { tags: { n: 1 } });
  // @ts-expect-error -- what is started one-way has no retry
  ctx.startNew(Nightly, undefined, { retry: { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1 } });
}

export function* retries(ctx: OrchestrationContext): Orchestration<void> {
  const retryIfResult = (result: number) => result < 0;
  const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1, retryIfResult };
  exactly<number>()(yield* ctx.callEntity(Account, 'a', { retry }).deposit({ amount: 1 }), true);
  exactly<unknown>()(yield* ctx.callEntity('account', 'a', 'deposit', { amount: 1 }, { retry }), true);
}

export function* compounds(ctx: OrchestrationContext): Orchestration<void> {
  const hello = ctx.callActivity(Greetings).hello('Oslo');
  const deposit = ctx.callEntity(Account, 'a').deposit({ amount: 1 });
  const timeout = ctx.createTimer(1);
  exactly<[string, number, void]>()(yield* ctx.all([hello, deposit, timeout]), true);
  exactly<string[]>()(yield* ctx.all(['Oslo'].map((city) => ctx.callActivity(Greetings).hello(city))), true);
  exactly<[string, number]>()(yield* ctx.failFast([hello, deposit]), true);
  exactly<[PromiseSettledResult<string>, PromiseSettledResult<number>]>()(
    yield* ctx.allSettled([hello, deposit]),
    true,
  );
  exactly<string | number>()(yield* ctx.race([hello, deposit]), true);
  exactly<string[] | void>()(yield* ctx.race([ctx.all(['Oslo'].map(() => hello)), timeout]), true);

  const winner = yield* ctx.any([hello, deposit, timeout]);
  exactly<Task<string> | Task<number> | TimerTask>()(winner, true);
  if (winner === hello) exactly<string>()(winner.result, true);
  if (winner === deposit) exactly<number>()(winner.result, true);
}

export function* inputs(ctx: OrchestrationContext): Orchestration<void> {
  // @ts-expect-error -- a missing input does not compile
  yield* ctx.callActivity(Greetings).hello();
  // @ts-expect-error -- nor does a wrong one
  yield* ctx.callActivity(Greetings).hello(5);
  // @ts-expect-error -- nor a second argument: contexts are not passed
  yield* ctx.callEntity(Account, 'a').tag('x', ctx);
  // @ts-expect-error -- nor an incomplete input
  ctx.signalEntity(Account, 'a').deposit({});
  // @ts-expect-error -- nor an input for an operation that takes none
  yield* ctx.callEntity(Account, 'a').balance(1);
  // @ts-expect-error -- nor one where the first parameter is void
  yield* ctx.callEntity(Account, 'a').close(1);
  // @ts-expect-error -- nor a missing input of a sub-orchestrator
  yield* ctx.callSubOrchestrator(Transfer);
  // @ts-expect-error -- nor a wrong one
  yield* ctx.callSubOrchestrator(Transfer, { amount: 'one' });
  // @ts-expect-error -- nor one for a sub-orchestrator that takes none
  yield* ctx.callSubOrchestrator(Nightly, 1);

  // an input declared optional may be left away, one that is void or missing has no place, a literal or an object does
  yield* ctx.callEntity(Account, 'a').audit();
  yield* ctx.callEntity(Account, 'a').audit(1);
  yield* ctx.callEntity(Account, 'a').close();
  yield* ctx.callEntity(Account, 'a').tag('x');
  yield* ctx.callEntity(Account, 'a').deposit(new Amount());
  yield* ctx.callSubOrchestrator(Report);
  yield* ctx.callSubOrchestrator(Report, 'monday', { instanceId: 'report' });
  yield* ctx.callSubOrchestrator(Nightly, undefined, { instanceId: process.env['NIGHTLY_ID'] });
}

export function* members(ctx: OrchestrationContext): Orchestration<void> {
  const account = ctx.callEntity(Account, 'a');
  // @ts-expect-error -- an unknown operation does not compile
  void account.withdraw;
  // @ts-expect-error -- the state is not on the proxy
  void account.state;
  // @ts-expect-error -- nor is any other field
  void account.limit;
  // @ts-expect-error -- nor is a method that is not public
  void account.hidden;
  // @ts-expect-error -- a class without run is no orchestrator
  ctx.callSubOrchestrator(Account);
  // @ts-expect-error -- a signal gives nothing to wait for
  yield* ctx.signalEntity(Account, 'a').deposit({ amount: 1 });
}

export function* waits(ctx: OrchestrationContext): Orchestration<void> {
  // @ts-expect-error -- the value of `yield` without a star is unknown, so using it does not compile
  const hello: string = yield ctx.callActivity(Greetings).hello('Oslo');
  // @ts-expect-error -- a promise cannot be yielded
  yield Promise.resolve(hello);
  // @ts-expect-error -- nor anything else that is no task
  yield 5;
  // @ts-expect-error -- nor can a promise be delegated to
  yield* Promise.resolve(5);
  // @ts-expect-error -- a list of promises cannot be waited for
  yield* ctx.all([Promise.resolve(5)]);
  // @ts-expect-error -- a list of tasks is waited for with ctx.all, ctx.any or ctx.race
  yield [ctx.createTimer(1)];
}
