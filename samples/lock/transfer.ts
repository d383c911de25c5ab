import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Vault } from './vault.js';

export interface TransferRequest {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

/** Reads two vaults, thinks for a while, and writes both. */
@Orchestrator('locked-transfer')
export class LockedTransfer {
  @Run({ input: 'unknown' })
  *run({ from, to, amount }: TransferRequest, ctx: OrchestrationContext): Orchestration<boolean> {
    using _lock = yield* ctx.lock([Vault, from], [Vault, to]); // nobody else's operation until the end of the block
    const left = yield* ctx.callEntity(Vault, from).balance();
    const right = yield* ctx.callEntity(Vault, to).balance();
    if (left < amount) return false;
    yield* ctx.createTimer(20);
    yield* ctx.callEntity(Vault, from).become(left - amount);
    yield* ctx.callEntity(Vault, to).become(right + amount);
    return true;
  }
}
