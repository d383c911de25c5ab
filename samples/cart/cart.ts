import { IsInt, IsString, Min } from 'class-validator';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { Order, type Item } from './order.js';

export class Wish implements Item {
  @IsString() product!: string;
  @IsInt() @Min(1) pieces!: number;
}

/** How long a cart may be left alone, in milliseconds. */
const PATIENCE = 1_000;

/** What somebody is about to buy. */
@Entity('cart')
export class Cart {
  state = { items: [] as Item[] };

  /** How many pieces are in it now. */
  @Operation()
  put({ product, pieces }: Wish, ctx: EntityContext): number {
    const known = this.state.items.find((item) => item.product === product);
    if (known) known.pieces += pieces;
    else this.state.items.push({ product, pieces });
    ctx.setReminder('leftAlone', { firstTime: PATIENCE }); // in place of the one before
    return this.pieces();
  }

  @Operation({ readonly: true })
  pieces(): number {
    return this.state.items.reduce((sum, { pieces }) => sum + pieces, 0);
  }

  /** The id of the order. */
  @Operation()
  checkOut(_none: void, ctx: EntityContext): string {
    if (this.state.items.length === 0) throw new Error('The cart is empty');
    const id = ctx.startNew(Order, this.state.items, { instanceId: `order of ${ctx.entityId.key}` });
    ctx.deleteState(); // and with it the reminder
    return id;
  }

  @Operation()
  leftAlone(_none: void, ctx: EntityContext): void {
    ctx.signalEntity(Letters, ctx.entityId.key).write(`${this.pieces()} things are waiting for you`);
  }
}

/** What a customer is written. */
@Entity('letters')
export class Letters {
  state: string[] = [];

  @Operation()
  write(text: string): void {
    this.state.push(text);
  }
}
