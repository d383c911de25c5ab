import { IsInt, IsString, Min } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Query, Run, Update } from 'perdure/decorators';
import { Counter } from './bank.js';

/** How many objects of the class were made: what is not recorded is made again by each replay. */
let made = 0;

export class Line {
  @IsString() item!: string;
  @IsInt() @Min(1) pieces = 1;
  @IsInt() made = ++made;
}

/** An order that clients fill while it is open. */
@Orchestrator('order')
export class Order {
  protected lines: Line[] = [];
  protected isClosed = false;
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    yield* context.waitUntil(() => this.isClosed);
    return this.lines.map(({ item, pieces }) => `${pieces} ${item}`).join(', ');
  }
  @Update() add(line: Line, context: OrchestrationContext): number {
    if (line.item === 'none') throw new RangeError('Nothing to add');
    context.signalEntity(Counter, 'stock').add(line.item.slice(0, 10));
    return this.lines.push(line);
  }
  @Update() close(): void {
    this.isClosed = true;
  }
  @Update({ input: Number }) text(length: number): string {
    return 'x'.repeat(length);
  }
  @Query() items(): string[] {
    return this.lines.map(({ item }) => item);
  }
  @Query({ input: Number }) line(at: number): Line {
    const line = this.lines[at];
    if (!line) throw new RangeError(`There is no line ${at}`);
    return line;
  }
  @Query({ input: Number }) filler(length: number): string {
    return 'x'.repeat(length);
  }
}

/** Counts what it is told, and begins anew at every third time. */
@Orchestrator('tally')
export class Tally {
  #total = 0;
  @Run({ input: Number }) *run(total: number, context: OrchestrationContext): Orchestration<void> {
    this.#total = total;
    yield* context.waitUntil(() => this.#total >= total + 3);
    context.continueAsNew(this.#total);
  }
  @Update() count(): number {
    return ++this.#total;
  }
  @Query() total(): number {
    return this.#total;
  }
}
