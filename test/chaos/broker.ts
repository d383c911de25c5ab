import { IsInt, IsString, Min } from 'class-validator';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { Account } from '../../samples/bank/account.js';

export class Payment {
  @IsString() from!: string;
  @IsString() to!: string;
  @IsInt() @Min(1) amount!: number;
}

/** Moves money by calls of its own. */
@Entity('broker')
export class Broker {
  state = { paid: 0, refused: 0 };

  @Operation()
  async pay({ from, to, amount }: Payment, context: EntityContext): Promise<void> {
    try {
      await context.callEntity(Account, from).withdraw({ amount });
    } catch {
      this.state.refused++;
      return;
    }
    await context.callEntity(Account, to).deposit({ amount });
    this.state.paid++;
  }

  @Operation({ readonly: true })
  done(): Broker['state'] {
    return this.state;
  }
}
