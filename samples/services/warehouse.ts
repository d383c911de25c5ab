import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

@Entity('stock')
export class Stock {
  state = { pieces: 10 };
  @Operation() take(pieces: number): number {
    if (pieces > this.state.pieces) throw new RangeError(`only ${this.state.pieces} left`);
    return (this.state.pieces -= pieces);
  }
  @Operation() pieces(): number {
    return this.state.pieces;
  }
}

export class Packing {
  @Activity() pack(what: string): string {
    console.log(`  warehouse: pack ${what}`);
    return `a box of ${what}`;
  }
}

/** Calls the shop back by a name, as the shop called it. */
@Orchestrator('shipment')
export class Shipment {
  @Run() *run(parcel: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.callActivity('office.mail', `${parcel} is on its way`);
    yield* ctx.createTimer(50);
    return 'the door';
  }
}
