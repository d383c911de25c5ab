import { EntityOperationFailedError, OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Player } from './player.js';

export interface PurchaseRequest {
  readonly buyer: string;
  readonly seller: string;
  readonly item: string;
  readonly price: number;
}

/** Coins for an item: all four operations, or none of them. */
@Orchestrator('purchase')
export class Purchase {
  @Run({ input: 'unknown' })
  *run({ buyer, seller, item, price }: PurchaseRequest, ctx: OrchestrationContext): Orchestration<string> {
    const players = [
      [Player, buyer],
      [Player, seller],
    ] as const;
    try {
      const left = yield* ctx.transaction(players, function* (to, from) {
        yield* from.earn(price);
        yield* to.take(item);
        yield* from.hand(item); // throws when it is sold
        return yield* to.pay(price); // or when there is not enough
      });
      return `${buyer} has the ${item}, and ${left} coins`;
    } catch (error) {
      if (!(error instanceof EntityOperationFailedError)) throw error;
      return `${buyer} has no ${item}: ${error.failureDetails.message}`;
    }
  }
}

/** The coins of all at one moment, whatever is being sold meanwhile. */
@Orchestrator('count')
export class Count {
  @Run({ input: 'unknown' })
  *run(names: readonly string[], ctx: OrchestrationContext): Orchestration<number> {
    const players = names.map((name) => [Player, name] as const);
    return yield* ctx.transaction(players, function* (...all) {
      const coins = yield* ctx.all(all.map((player) => player.coins()));
      return coins.reduce((sum, each) => sum + each, 0);
    });
  }
}
