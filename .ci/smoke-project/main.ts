import { IsInt, Min } from 'class-validator';
import { PerdureError } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import 'perdure/testing';

class Amount {
  @IsInt() @Min(1) amount!: number;
}

@Entity('account')
class Account {
  state = { balance: 0 };
  @Operation() deposit({ amount }: Amount): number {
    return (this.state.balance += amount);
  }
}

const account = new Account();
account.deposit({ amount: 5 });
const inputs: unknown = Reflect.getMetadata('design:paramtypes', Account.prototype, 'deposit');
if (!Array.isArray(inputs) || inputs[0] !== Amount || !(PerdureError.prototype instanceof Error)) process.exit(1);
console.log(`account: ${Object.getOwnPropertyNames(Account.prototype)[1]}, balance ${account.state.balance}`);
