import { Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { EntityContext } from '../../lib/core/entity-context.js';
import { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import { FIRST_VERSION } from '../../lib/core/state-migration.js';
import type { Orchestration } from '../../lib/core/task.js';
import type { NamedParticipant } from '../../lib/core/transaction.js';
import type { Hosted } from '../../lib/definitions/registry.js';
import { TransactionAbortedError } from '../../lib/errors.js';
import type { Surroundings } from './actors.js';
import { SECOND, type Dated } from './jar-script.js';
import { FULL, type Seen, type Traded, type TradeScript } from './transaction-script.js';

interface Change {
  readonly by: string;
  readonly amount: number;
}

/** The classes of the family of transactions, as one worker hosts them. */
export const hostedTransactions = (world: Surroundings): Hosted => hostedOf(world, SECOND);

/** The same as they were before a deployment. */
export const formerlyHosted = (world: Surroundings): Hosted => hostedOf(world, FIRST_VERSION);

function hostedOf(world: Surroundings, version: number): Hosted {
  /** Whose states have versions. */
  class Versioned {
    static migrate(old: unknown, from: number): unknown {
      return { ...(old as object), era: (old as Dated).era === from ? version : NaN };
    }
  }

  /** Everything that changes it says who did, and so it tells its tally. */
  @Entity('purse', { stateVersion: version })
  class Purse extends Versioned {
    state = { era: version, balance: FULL, log: [] as string[] };
    @Operation({ input: 'unknown' }) add({ by, amount }: Change, context: EntityContext): void {
      this.state.balance += amount;
      this.state.log.push(by);
      context.signalEntity('tally', context.entityId.key, 'note', by);
    }
    @Operation({ input: 'unknown' }) async slow(change: Change, context: EntityContext): Promise<void> {
      await world.pause(world.duration(change.by));
      this.add(change, context);
    }
    @Operation() look(): [version: number, balance: number] {
      return [this.state.log.length, this.state.balance];
    }
    @Operation({ input: 'unknown' }) refuse(change: Change, context: EntityContext): void {
      this.add(change, context);
      throw new Error(`refused ${change.by}`);
    }
    @Operation({ input: String }) mark(by: string, context: EntityContext): void {
      this.add({ by, amount: 0 }, context);
    }
  }

  @Entity('tally')
  class Tally {
    state = { log: [] as string[] };
    @Operation({ input: String }) note(by: string): void {
      this.state.log.push(by);
    }
  }

  @Orchestrator('trade')
  class Trade {
    @Run({ input: 'unknown' }) *run(script: TradeScript, context: OrchestrationContext): Orchestration<Traded> {
      const { keys, timeout: timeoutInMilliseconds, after, token } = script;
      const entities = keys.map((key) => ['purse', key] as const);
      const seen: Seen[] = [];
      let isCommitted = false;
      try {
        yield* context.transaction(entities, (...purses) => body(script, purses, seen, context), {
          timeoutInMilliseconds,
        });
        isCommitted = true;
      } catch (error) {
        const isAsked = error instanceof TransactionAbortedError || (error as Error).message === THROWN;
        if (!isAsked) throw error;
      }
      if (after === 'fail') throw new Error('failed behind a transaction');
      if (after === 'continue') context.continueAsNew({ ...script, token: `${token}+`, after: 'done' });
      return { token, isCommitted, seen: isCommitted ? seen : [] };
    }
  }

  @Entity('jar', { stateVersion: version })
  class Jar extends Versioned {
    state = { era: version, log: [] as string[] };
    @Operation({ input: String }) put(id: string): number {
      return this.state.log.push(id);
    }
    @Operation({ input: String }) spill(id: string): void {
      this.put(id);
      throw new Error(`spilled ${id}`);
    }
  }

  return { entities: [Purse, Tally, Jar], orchestrators: [Trade] };
}

const THROWN = 'thrown in the body of a transaction';

function* body(
  script: TradeScript,
  purses: readonly NamedParticipant[],
  seen: Seen[],
  context: OrchestrationContext,
): Orchestration<void> {
  const { kind, token, amount, pause, end, keys } = script;
  const [first, second] = purses as readonly [NamedParticipant, NamedParticipant];
  const add = script.isSlow ? 'slow' : 'add';
  if (kind !== 'transfer') yield* look(purses, keys, seen);
  if (kind === 'audit') return yield* context.createTimer(pause);
  const given = kind === 'even' ? Math.floor((seen[0]![2] - seen[1]![2]) / 2) : amount;
  yield* first(add, { by: token, amount: -given });
  if (kind === 'even') yield* first('mark', `${token}!`);
  if (pause > 0) yield* context.createTimer(pause);
  const last = second(add, { by: token, amount: given });
  if (end !== 'return' || kind === 'outlive') yield* last; // else nobody waits for it
  if (end === 'throw') throw new Error(THROWN);
  if (end === 'refuse') yield* refused(second, token);
  while (kind === 'outlive') {
    yield* context.createTimer(500);
    yield* first('look');
  }
}

/** What fails is caught: the transaction is aborted all the same. */
function* refused(purse: NamedParticipant, by: string): Orchestration<void> {
  try {
    yield* purse('refuse', { by, amount: 1 });
  } catch {
    // as if nothing had been
  }
}

function* look(purses: readonly NamedParticipant[], keys: readonly string[], seen: Seen[]): Orchestration<void> {
  for (const [at, purse] of purses.entries()) seen.push([keys[at]!, ...(yield* purse<[number, number]>('look'))]);
}
