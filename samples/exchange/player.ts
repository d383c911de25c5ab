import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';

/** What a player has. Each operation says no by itself, and knows nothing of the others. */
@Entity('player')
export class Player {
  state = { coins: 100, items: [] as string[] };

  @Operation({ input: Number })
  pay(coins: number): number {
    if (coins > this.state.coins) throw new RangeError(`there are only ${this.state.coins} coins`);
    return (this.state.coins -= coins);
  }

  @Operation({ input: Number })
  earn(coins: number, ctx: EntityContext): number {
    ctx.signalEntity(Bulletin, 'trades').post(`${ctx.entityId.key} earned ${coins}`); // sent if, and when, it holds
    return (this.state.coins += coins);
  }

  @Operation({ input: String })
  hand(item: string): void {
    if (!this.state.items.includes(item)) throw new RangeError(`there is no ${item}`);
    this.state.items = this.state.items.filter((other) => other !== item);
  }

  @Operation({ input: String })
  take(item: string): void {
    this.state.items.push(item);
  }

  @Operation()
  coins(): number {
    return this.state.coins;
  }
}

/** What everybody may read. */
@Entity('bulletin')
export class Bulletin {
  state = { lines: [] as string[] };

  @Operation({ input: String })
  post(line: string): void {
    this.state.lines.push(line);
  }
}
