import { IsInt, IsString, Min } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import type { Packing } from './warehouse.js';

export class OrderRequest {
  @IsString() article!: string;
  @IsInt() @Min(1) pieces!: number;
}

/** What the shop has itself. */
export class Office {
  @Activity({ name: 'office.mail' }) mail(text: string): void {
    console.log(`  shop: mail "${text}"`);
  }
}

/** The shop's orchestrator: stock, packing and shipment are another service's, which it knows by their names. */
@Orchestrator('order')
export class Order {
  @Run() *run({ article, pieces }: OrderRequest, ctx: OrchestrationContext): Orchestration<string> {
    const left = yield* ctx.callEntity<number>('stock', article, 'take', pieces);
    const parcel = yield* ctx.callActivity<Packing>().pack(`${pieces} ${article}s`); // the type alone is imported
    const place = yield* ctx.callSubOrchestrator<string>('shipment', parcel);
    yield* ctx.callActivity(Office).mail(`${parcel} is at ${place}`);
    return `${parcel} shipped, ${left} left`;
  }
}
