/** The orchestrator of `shop.ts` after a change that does not fit. */
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';

@Orchestrator('order')
export class Order {
  @Run() *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    const packed = yield* ctx.callActivity<string>('wrap', item);
    const by = yield* ctx.waitForExternalEvent<string>('Paid');
    return `${packed}, paid by ${by}`;
  }
}
