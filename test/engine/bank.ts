import { IsInt, IsString, Min } from 'class-validator';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';

/** The programs that the engine's tests run. */

export class Amount {
  @IsInt() @Min(1) amount!: number;
}

@Entity('account')
export class Account {
  state = { balance: 0, operations: 0 };
  @Operation() deposit({ amount }: Amount): number {
    this.state.operations++;
    return (this.state.balance += amount);
  }
  @Operation() withdraw({ amount }: Amount): number {
    this.state.operations++;
    if (this.state.balance < amount) throw new InsufficientFunds(`${this.state.balance} < ${amount}`);
    return (this.state.balance -= amount);
  }
  @Operation() balance(): number {
    return this.state.balance;
  }
}

export class InsufficientFunds extends Error {
  override name = 'InsufficientFunds';
}

@Entity('counter')
export class Counter {
  state: { seen: string[] } = { seen: [] };
  @Operation({ input: String }) add(id: string): number {
    return this.state.seen.push(id);
  }
  @Operation({ input: String }) async slowly(id: string): Promise<number> {
    await Promise.resolve();
    return this.state.seen.push(id);
  }
  @Operation({ input: String }) forward(to: string, context: EntityContext): void {
    context.signalEntity(Counter, to).add(`via ${context.entityId.key}`);
  }
}

export class TransferRequest {
  @IsString() from!: string;
  @IsString() to!: string;
  @IsInt() @Min(1) amount!: number;
}

@Orchestrator('transfer')
export class Transfer {
  @Run() *run({ from, to, amount }: TransferRequest, context: OrchestrationContext): Orchestration<number> {
    const left = yield* context.callEntity(Account, from).withdraw({ amount });
    yield* context.callEntity(Account, to).deposit({ amount });
    return left;
  }
}

export class Greetings {
  readonly greeted: string[] = [];
  @Activity({ input: String }) async hello(city: string): Promise<string> {
    this.greeted.push(city);
    return `Hello, ${city}!`;
  }
}

@Orchestrator('hello')
export class Hello {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string[]> {
    const said: string[] = [];
    for (const city of ['Tokyo', 'Seattle', 'Cairo']) said.push(yield* context.callActivity(Greetings).hello(city));
    return said;
  }
}

@Orchestrator('nap')
export class Nap {
  @Run({ input: Number }) *run(milliseconds: number, context: OrchestrationContext): Orchestration<string> {
    yield* context.createTimer(milliseconds);
    return 'rested';
  }
}

@Orchestrator('parent')
export class Parent {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<(string[] | string)[]> {
    return yield* context.all([context.callSubOrchestrator(Hello), context.callSubOrchestrator(Nap, 50)]);
  }
}

@Orchestrator('steps')
export class Steps {
  @Run({ input: Number }) *run(count: number, context: OrchestrationContext): Orchestration<number> {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (yield* context.callActivity(Greetings).hello(String(i))).length;
    return sum;
  }
}
