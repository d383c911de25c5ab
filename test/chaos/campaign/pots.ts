/** Entities that transactions change together, and what those tell of the order in which they took place. */
import { OrchestrationContext, type NamedParticipant, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

/** What each pot holds in the beginning. */
export const FULL = 1_000;

export interface Contents {
  readonly version: number;
  readonly balance: number;
}

/** Its version counts what has changed it. */
@Entity('pot')
export class Pot {
  state = { version: 0, balance: FULL };

  /** Tells what it has found. */
  @Operation({ input: Number })
  add(amount: number): Contents {
    const found = { ...this.state };
    this.state.version++;
    this.state.balance += amount;
    return found;
  }

  @Operation()
  look(): Contents {
    return this.state;
  }
}

export interface Trade {
  /**
   * `transfer`: from the first pot to the second. `even`: halves the difference of two that it has looked at. `audit`: looks at all,
   * changes none. `throw`: as a transfer, but for the last moment. `stall`: as a transfer, but it waits in the middle until it is terminated.
   */
  readonly kind: 'transfer' | 'even' | 'audit' | 'throw' | 'stall';
  readonly keys: readonly string[];
  readonly amount: number;
}

export interface Traded {
  readonly isCommitted: boolean;
  /** What has gone from the first pot to the second. */
  readonly moved: number;
  readonly found: readonly (readonly [key: string, version: number])[];
}

@Orchestrator('trade')
export class Trading {
  @Run({ input: 'unknown' })
  *run(trade: Trade, ctx: OrchestrationContext): Orchestration<Traded> {
    const pots = trade.keys.map((key) => ['pot', key] as const);
    try {
      return yield* ctx.transaction(pots, (...given) => carriedOut(trade, given, ctx), {
        timeoutInMilliseconds: 3_600_000,
      });
    } catch (error) {
      if ((error as Error).message !== ABORTED) throw error;
      return { isCommitted: false, moved: 0, found: [] };
    }
  }
}

const ABORTED = 'thrown in the body of a transaction';

function* carriedOut(
  { kind, keys, amount }: Trade,
  pots: readonly NamedParticipant[],
  ctx: OrchestrationContext,
): Orchestration<Traded> {
  const seen: Contents[] = [];
  if (kind === 'even' || kind === 'audit') for (const pot of pots) seen.push(yield* pot<Contents>('look'));
  if (kind === 'audit')
    return { isCommitted: true, moved: 0, found: seen.map(({ version }, at) => [keys[at]!, version]) };
  const [from, to] = pots as readonly [NamedParticipant, NamedParticipant];
  const moved = kind === 'even' ? Math.floor((seen[0]!.balance - seen[1]!.balance) / 2) : amount;
  const left = yield* from<Contents>('add', -moved);
  if (kind === 'stall') {
    ctx.setCustomStatus('prepared');
    yield* ctx.waitForExternalEvent('Never');
  }
  yield* ctx.createTimer(20); // whoever dies, dies in the middle
  const right = yield* to<Contents>('add', moved);
  if (kind === 'throw') throw new Error(ABORTED);
  return {
    isCommitted: true,
    moved,
    found: [
      [keys[0]!, left.version],
      [keys[1]!, right.version],
    ],
  };
}
