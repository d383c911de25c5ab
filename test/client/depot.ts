import { InstanceEndedError, NotFoundError, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Query, Run, Update } from 'perdure/decorators';

/** Packs what is to be shipped. */
export class Belt {
  readonly packed: string[] = [];
  isBroken = false;
  @Activity({ input: String }) pack(item: string): string {
    this.packed.push(item);
    if (this.isBroken) throw new RangeError(`${item} is torn`);
    return `packed ${item}`;
  }
}

/** Ships what it is told to, until something is raised. */
@Orchestrator('depot')
export class Depot {
  readonly #shipped: string[] = [];

  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    const end = yield* ctx.waitForExternalEvent<string>('End');
    if (end === 'anew') ctx.continueAsNew();
    if (end === 'fail') throw new RangeError('bankrupt');
    if (end === 'broken') yield* ctx.callActivity(Belt).pack('the last');
    if (end === 'careful') yield* ctx.waitUntil(() => this.#shipped.length > 0);
    return this.#shipped;
  }
  @Update({ input: String }) *ship(item: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.waitForExternalEvent('Truck');
    if (item === 'nothing') throw new NotFoundError('a parcel');
    const parcel = yield* ctx.callActivity(Belt).pack(item);
    this.#shipped.push(item);
    return `${parcel} of ${ctx.instanceId}`;
  }
  @Update({ input: String }) note(item: string): number {
    if (item === 'the end') throw new InstanceEndedError('another');
    return this.#shipped.push(item);
  }
  @Query() shipped(): string[] {
    return this.#shipped;
  }
}
