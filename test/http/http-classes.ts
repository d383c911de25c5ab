import { IsEmail, IsIn, IsInt, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Items, Operation, Orchestrator, Query, Run, Update } from 'perdure/decorators';

/** What the tests of the HTTP API run. */

export class Line {
  @IsString() @Length(1, 20) article!: string;
  @IsInt() @Min(1) @Max(99) pieces!: number;
}

export class Purchase {
  @IsEmail() customer!: string;
  @IsIn(['card', 'cash']) payment!: string;
  @IsOptional() @IsString() note?: string;
  @ValidateNested({ each: true }) @Items(Line) lines!: Line[];
}

export class Kitchen {
  isBroken = false;
  @Activity({ input: String }) cook(dish: string): string {
    if (this.isBroken) throw new RangeError(`no gas for ${dish}`);
    return `hot ${dish}`;
  }
}

/** Cooks, and says how far it is. */
@Orchestrator('meal')
export class Meal {
  @Run({ input: String, optional: true }) *run(dish = 'soup', ctx: OrchestrationContext): Orchestration<string> {
    ctx.setCustomStatus({ cooking: dish });
    return yield* ctx.callActivity(Kitchen).cook(dish);
  }
}

/** Waits for a guest. */
@Orchestrator('table', { version: '2.1' })
export class Table {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('Guest');
  }
}

@Orchestrator('purchase')
export class Buying {
  @Run() *run({ lines }: Purchase, ctx: OrchestrationContext): Orchestration<number> {
    yield* ctx.createTimer(1_000);
    return lines.reduce((sum, { pieces }) => sum + pieces, 0);
  }
}

/** Asks a till, as part of something. */
@Orchestrator('evening')
export class Evening {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    yield* ctx.callSubOrchestrator(Meal, 'fish');
    yield* ctx.createTimer(1_000);
    ctx.signalEntity(Till, 'main').put(1);
    return yield* ctx.callEntity(Till, 'main').put(2);
  }
}

/** What a guest has had. */
@Orchestrator('tab')
export class Tab {
  #sum = 0;
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    yield* ctx.waitForExternalEvent('Paid');
    return this.#sum;
  }
  @Query() sum(): number {
    return this.#sum;
  }
  @Query() broken(): void {
    throw new RangeError('no light');
  }
  @Update({ input: Number }) add(price: number): number {
    if (price < 0) throw new RangeError('nothing is given back');
    return (this.#sum += price);
  }
}

@Entity('till')
export class Till {
  state = { coins: 0 };
  @Operation({ input: Number }) put(coins: number): number {
    return (this.state.coins += coins);
  }
  @Operation() sell(line: Line): string {
    return line.article;
  }
  @Operation() rob(): void {
    throw new RangeError('it is empty');
  }
  @Operation() delete(_: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
}

export const orchestrators = [Meal, Table, Buying, Evening, Tab];
export const entities = [Till];
