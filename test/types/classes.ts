import type { EntityContext, Orchestration, OrchestrationContext } from '../../lib/index.js';

export class Amount {
  amount!: number;
}

export class Receipt {
  left!: number;
  note?: string;
}

export class Account {
  state = { balance: 0 };
  limit = 5;
  deposit({ amount }: Amount): number {
    return (this.state.balance += amount);
  }
  async audit(depth?: number): Promise<string[]> {
    return [String(depth)];
  }
  balance(): number {
    return this.state.balance;
  }
  close(_: void, ctx: EntityContext): EntityContext['operationName'] {
    return ctx.operationName;
  }
  tag(tag: string, ctx: EntityContext): void {
    void [tag, ctx];
  }
  protected hidden(): void {}
  #secret(): void {}
  open(): void {
    this.#secret();
  }
}

export class Greetings {
  async hello(city: string): Promise<string> {
    return `Hello, ${city}!`;
  }
}

export class Transfer {
  *run({ amount }: Amount, ctx: OrchestrationContext): Orchestration<Receipt> {
    return { left: (yield* ctx.callEntity(Account, 'a').balance()) - amount };
  }
}

export class Basket {
  items: string[] = [];
  *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    yield* ctx.waitUntil(() => this.items.length > 3);
    return this.items.length;
  }
  add({ amount }: Amount, ctx: OrchestrationContext): number {
    ctx.setCustomStatus(amount);
    return this.items.push(String(amount));
  }
  *ship({ amount }: Amount, ctx: OrchestrationContext): Orchestration<string[]> {
    yield* ctx.createTimer(amount);
    return this.items;
  }
  count(): number {
    return this.items.length;
  }
  item(at?: number): string | undefined {
    return this.items[at ?? 0];
  }
}

export class Nightly {
  *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.createTimer(1);
  }
}

export class Report {
  *run(day?: string): Orchestration<string> {
    yield* [];
    return day ?? 'today';
  }
}

export class Immediate {
  run(input: number): string {
    return String(input);
  }
}
