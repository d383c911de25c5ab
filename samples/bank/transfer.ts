import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Account } from './account.js';
import { TransferRequest } from './transfer-request.js';

export interface Receipt {
  readonly left: number;
  readonly arrived: number;
}

/** Moves money from one account to another, wherever the process dies in between. */
@Orchestrator('transfer')
export class Transfer {
  @Run()
  *run({ from, to, amount }: TransferRequest, ctx: OrchestrationContext): Orchestration<Receipt> {
    const left = yield* ctx.callEntity(Account, from).withdraw({ amount });
    try {
      const arrived = yield* ctx.callEntity(Account, to).deposit({ amount });
      return { left, arrived };
    } catch (error) {
      yield* ctx.callEntity(Account, from).deposit({ amount }); // compensates the withdrawal
      throw error;
    }
  }
}
