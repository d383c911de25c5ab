import { EntityContext, LockLostError, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

@Entity('account')
export class Account {
  state = { balance: 100, log: [] as string[] };
  @Operation({ input: Number }) add(amount: number): number {
    return (this.state.balance += amount);
  }
  @Operation({ input: String }) note(text: string): number {
    return this.state.log.push(text);
  }
  /** Takes as long as it says, in milliseconds. */
  @Operation({ input: 'unknown' }) async slowly(
    [text, milliseconds]: [string, number],
    ctx: EntityContext,
  ): Promise<void> {
    await pausing.pause(milliseconds);
    if (!ctx.signal.aborted) this.state.log.push(text);
  }
  /** Adds to another account by calls along a path. */
  @Operation({ input: 'unknown' }) async pass([next, ...rest]: string[], ctx: EntityContext): Promise<number> {
    if (next !== undefined) return ctx.callEntity(Account, next).pass(rest);
    return (this.state.balance += 1);
  }
  @Operation() close(): void {
    this.state = undefined as never;
  }
  @Operation({ readonly: true }) balance(): number {
    return this.state.balance;
  }
}

/** How an operation waits: set by the test. */
export const pausing = {
  pause: (milliseconds: number): Promise<void> => Promise.reject(new Error(`${milliseconds} ms`)),
};

export interface Section {
  readonly keys: readonly string[];
  readonly name: string;
  readonly lease?: number;
  /** Ends it without a release: how. */
  readonly end?: 'complete' | 'fail' | 'continue' | 'wait' | 'release';
}

/** Locks accounts, notes its beginning in each, waits for an event, notes its end. */
@Orchestrator('holder')
export class Holder {
  @Run({ input: 'unknown' }) *run(section: Section, ctx: OrchestrationContext): Orchestration<string> {
    const { keys, name, lease, end = 'release' } = section;
    try {
      const entities = keys.map((key) => ['account', key] as const);
      const lock = yield* ctx.lock(...entities, { leaseInMilliseconds: lease });
      ctx.setCustomStatus('locked');
      for (const key of keys) yield* ctx.callEntity(Account, key).note(`${name}+`);
      yield* ctx.waitForExternalEvent('Go');
      for (const key of keys) yield* ctx.callEntity(Account, key).note(`${name}-`);
      if (end === 'release') lock.release();
    } catch (error) {
      if (!(error instanceof LockLostError)) throw error;
      return 'lost';
    }
    if (end === 'fail') throw new Error('failed in the section');
    if (end === 'wait') yield* ctx.waitForExternalEvent('Never');
    if (end === 'continue') ctx.continueAsNew({ ...section, keys: ['other'], end: 'release' });
    return 'done';
  }
}

/** Locks accounts that do not exist, waits, and leaves them alone. */
@Orchestrator('bare')
export class Bare {
  @Run({ input: Number }) *run(wait: number, ctx: OrchestrationContext): Orchestration<readonly number[]> {
    using lock = yield* ctx.lock(['account', 'x'], ['account', 'y']);
    yield* ctx.createTimer(wait);
    return lock.fencingNumbers;
  }
}

/** Calls a slow operation in a critical section. */
@Orchestrator('slow')
export class Slow {
  @Run({ input: 'unknown' }) *run(
    { keys, milliseconds, lease }: { keys: string[]; milliseconds: number; lease?: number },
    ctx: OrchestrationContext,
  ): Orchestration<string> {
    using _lock = yield* ctx.lock(...keys.map((key) => ['account', key] as const), { leaseInMilliseconds: lease });
    try {
      for (const key of keys) yield* ctx.callEntity(Account, key).slowly(['slow', milliseconds]);
    } catch (error) {
      return error instanceof LockLostError ? 'lost' : String(error);
    }
    return 'done';
  }
}

/** Calls an account in a critical section, which calls others. */
@Orchestrator('nested')
export class Nested {
  @Run({ input: 'unknown' }) *run(
    { keys, path, waits }: { keys: string[]; path: readonly [string, ...string[]]; waits?: boolean },
    ctx: OrchestrationContext,
  ): Orchestration<number> {
    using _lock = yield* ctx.lock(...keys.map((key) => ['account', key] as const));
    if (waits) yield* ctx.waitForExternalEvent('Go');
    const [first, ...rest] = path;
    return yield* ctx.callEntity(Account, first).pass(rest);
  }
}

/** Fails in a critical section because of an activity, and outside of one. */
@Orchestrator('failing')
export class Failing {
  @Run({ input: Boolean }) *run(isInside: boolean, ctx: OrchestrationContext): Orchestration<string> {
    const lock = yield* ctx.lock(['account', 'a']);
    yield* ctx.callEntity(Account, 'a').note('in');
    if (!isInside) lock.release();
    yield* ctx.callActivity(Fate).decide();
    return 'done';
  }
}

export class Fate {
  fails = true;
  @Activity() decide(): void {
    if (this.fails) throw new Error('bad luck');
  }
}
