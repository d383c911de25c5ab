import { IsInt, IsString, Min } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';

export class OrderRequest {
  @IsString() article!: string;
  @IsInt() @Min(1) pieces!: number;
}

export class Warehouse {
  @Activity() async pack({ article, pieces }: OrderRequest): Promise<string> {
    return `${pieces} ${article} packed`;
  }
}

/** Packs an order, and sends it once somebody has paid. */
@Orchestrator('order')
export class Order {
  @Run() *run(order: OrderRequest, ctx: OrchestrationContext): Orchestration<string> {
    const packed = yield* ctx.callActivity(Warehouse).pack(order);
    ctx.setCustomStatus(packed);
    const payer = yield* ctx.waitForExternalEvent<string>('Paid');
    return `${packed}, paid by ${payer}`;
  }
}
