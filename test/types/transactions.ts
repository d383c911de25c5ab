import type { NamedParticipant, Orchestration, OrchestrationContext } from '../../lib/index.js';
import { Account, Greetings } from './classes.js';
import { exactly } from './exactly.js';

/** What the body of a transaction calls, and what comes of it. */
export function* results(ctx: OrchestrationContext, keys: readonly string[]): Orchestration<void> {
  const entities = [
    [Account, 'a'],
    ['ledger', 'b'],
  ] as const;
  const result = yield* ctx.transaction(entities, function* (account, ledger) {
    exactly<NamedParticipant>()(ledger, true);
    exactly<number>()(yield* account.deposit({ amount: 1 }), true);
    exactly<string[]>()(yield* account.audit(), true);
    exactly<unknown>()(yield* ledger('note', 1), true);
    exactly<boolean>()(yield* ledger<boolean>('note'), true);
    return 'done' as const;
  });
  exactly<'done'>()(result, true);
  const sum = yield* ctx.transaction([[Account, 'a']], function* (account) {
    return yield* account.balance();
  });
  exactly<number>()(sum, true);
  const many = keys.map((key) => [Account, key] as const);
  const balances = yield* ctx.transaction(many, (...all) =>
    ctx.all(all.map((one) => one.balance()))[Symbol.iterator](),
  );
  exactly<number[]>()(balances, true);
}

export function* mistakes(ctx: OrchestrationContext): Orchestration<void> {
  yield* ctx.transaction([[Account, 'a']], function* (account) {
    // @ts-expect-error: the input is missing
    yield* account.deposit();
    // @ts-expect-error: there is no such operation
    yield* account.opens();
    // @ts-expect-error: a transaction has no place for options of a call
    yield* account.balance({ retry: { maxAttempts: 2 } });
  });
  // @ts-expect-error: its body is a generator, or returns one
  yield* ctx.transaction([[Account, 'a']], (account) => account.balance().result);
  // @ts-expect-error: an entity has a key
  yield* ctx.transaction([[Greetings]], function* () {
    yield* ctx.createTimer(1);
  });
  const count = function* (): Orchestration<number> {
    return yield* ctx.callEntity(Account, 'a').balance();
  };
  // @ts-expect-error: the option is of a lock
  yield* ctx.transaction([[Account, 'a']], count, { leaseInMilliseconds: 1 });
}
