import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';

export interface Item {
  product: string;
  pieces: number;
}

/** Has everything packed, one product after the other. */
@Orchestrator('order')
export class Order {
  @Run({ input: 'unknown' })
  *run(items: readonly Item[], ctx: OrchestrationContext): Orchestration<string> {
    const packed: string[] = [];
    for (const item of items) packed.push(yield* ctx.callActivity(Warehouse).pack(item));
    return packed.join(', ');
  }
}

export class Warehouse {
  @Activity({ input: 'unknown' })
  pack({ product, pieces }: Item): string {
    return `${pieces} ${product}`;
  }
}
