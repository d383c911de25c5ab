import { Entity, Operation } from 'perdure/decorators';

/** Money whose balance is read and written apart: two who do both at once lose something, unless there is a lock. */
@Entity('vault')
export class Vault {
  state = { balance: 1_000 };

  @Operation()
  balance(): number {
    return this.state.balance;
  }

  @Operation({ input: Number })
  become(balance: number): void {
    this.state.balance = balance;
  }
}
