import { EntityContext, OrchestrationContext, type NamedParticipant, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

@Entity('account')
export class Account {
  state = { balance: 100, log: [] as string[], pad: '' };
  @Operation({ input: Number }) add(amount: number): number {
    if (this.state.balance + amount < 0) throw new RangeError('not enough');
    return (this.state.balance += amount);
  }
  @Operation({ input: String }) note(text: string): number {
    return this.state.log.push(text);
  }
  @Operation({ input: String }) pad(text: string): void {
    this.state.pad = text;
  }
  /** Tells another account, the clock, and itself later. */
  @Operation({ input: String }) tell(key: string, ctx: EntityContext): string {
    ctx.signalEntity(Account, key).note(`told by ${ctx.entityId.key}`);
    ctx.setReminder('again', { operation: 'remind', firstTime: 3_600_000 });
    return ctx.startNew('quiet', undefined, { instanceId: `of-${ctx.entityId.key}` });
  }
  @Operation() reminded(_: void, ctx: EntityContext): number {
    return ctx.reminders.length;
  }
  @Operation() remind(): void {}
  @Operation({ input: String }) flood(key: string, ctx: EntityContext): void {
    for (let at = 0; at < 3; at++) ctx.signalEntity(Account, key).note('x'.repeat(50_000));
  }
  @Operation({ input: String }) async ask(key: string, ctx: EntityContext): Promise<number> {
    return ctx.callEntity(Account, key).add(1);
  }
  /** Takes as long as it says, in milliseconds. */
  @Operation({ input: Number }) async slowly(milliseconds: number): Promise<void> {
    await pausing.pause(milliseconds);
    this.state.balance += 1;
  }
  @Operation() close(_: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
  @Operation() isNew(_: void, ctx: EntityContext): boolean {
    return ctx.isNewlyConstructed;
  }
  @Operation({ readonly: true }) balance(): number {
    return this.state.balance;
  }
}

/** How an operation waits: set by the test. */
export const pausing = {
  pause: (milliseconds: number): Promise<void> => Promise.reject(new Error(`${milliseconds} ms`)),
};

/** An operation of a transaction, by the place of its account; or what the body does. */
export type Step = readonly [account: number, operation: string, input?: unknown] | 'wait' | 'throw';

export interface Plan {
  readonly keys: readonly string[];
  readonly steps: readonly Step[];
  readonly timeout?: number;
  /** Waits behind it, fails, or goes on as new. */
  readonly after?: 'wait' | 'fail' | 'continue';
}

/** Does what it is told in a transaction; its output: the results of the operations, or why it was aborted. */
@Orchestrator('trade')
export class Trade {
  @Run({ input: 'unknown' }) *run(plan: Plan, ctx: OrchestrationContext): Orchestration<unknown> {
    const { keys, steps, timeout, after } = plan;
    let output: unknown;
    try {
      const entities = keys.map((key) => ['account', key] as const);
      const options = { timeoutInMilliseconds: timeout };
      output = yield* ctx.transaction(entities, (...accounts) => carriedOut(steps, accounts, ctx), options);
      ctx.setCustomStatus('decided');
    } catch (error) {
      output = error instanceof Error ? `${error.name}: ${error.message}` : 'nothing';
    }
    if (after === 'wait') yield* ctx.waitForExternalEvent('Never');
    if (after === 'fail') throw new Error('failed behind it');
    if (after === 'continue') ctx.continueAsNew({ ...plan, after: undefined });
    return output;
  }
}

function* carriedOut(
  steps: readonly Step[],
  accounts: readonly NamedParticipant[],
  ctx: OrchestrationContext,
): Orchestration<unknown[]> {
  const results: unknown[] = [];
  for (const step of steps) {
    if (step === 'throw') throw new Error('thrown in the body');
    if (step === 'wait') {
      ctx.setCustomStatus('waits');
      yield* ctx.waitForExternalEvent('Go');
      continue;
    }
    const [account, operation, input] = step;
    results.push((yield* accounts[account]!(operation, input)) ?? null);
  }
  return results;
}

/** Commits one transaction, or is in the middle of one, when an activity of it fails. */
@Orchestrator('risky')
export class Risky {
  @Run({ input: Boolean }) *run(isInside: boolean, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.transaction([[Account, 'a']], function* (account) {
      yield* account.add(-5);
      if (isInside) yield* ctx.callActivity(Luck).decide();
    });
    if (!isInside) yield* ctx.callActivity(Luck).decide();
    return 'done';
  }
}

export class Luck {
  isBad = true;
  @Activity() decide(): void {
    if (this.isBad) throw new Error('bad luck');
  }
}

/** Is started by an operation. */
@Orchestrator('quiet')
export class Quiet {
  @Run() run(): string {
    return 'quiet';
  }
}

/** Waits for two transactions over the same accounts, one of which moves there and one back. */
export const transfer = (amount: number): readonly Step[] => [
  [0, 'add', -amount],
  [1, 'add', amount],
];
