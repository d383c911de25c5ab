import { IsInt, Max, Min } from 'class-validator';
import { Entity, Operation } from 'perdure/decorators';

export class Amount {
  /** In cents. */
  @IsInt() @Min(1) @Max(1_000_000_00) amount!: number;
}

/** A bank account. An operation that throws leaves the state as it was. */
@Entity('account')
export class Account {
  state = { balance: 0, isClosed: false };

  @Operation()
  deposit({ amount }: Amount): number {
    if (this.state.isClosed) throw new Error('The account is closed');
    return (this.state.balance += amount);
  }

  @Operation()
  withdraw({ amount }: Amount): number {
    this.state.balance -= amount;
    if (this.state.balance < 0) throw new Error('Insufficient funds'); // undoes the line above
    return this.state.balance;
  }

  @Operation({ readonly: true })
  balance(): number {
    return this.state.balance;
  }

  @Operation()
  close(): void {
    this.state.isClosed = true;
  }
}
