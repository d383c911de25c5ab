import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';

/** Something of which only one may run at a time. */
@Orchestrator('import-orders')
export class ImportOrders {
  @Run()
  *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.waitForExternalEvent<string>('Imported');
  }
}
