import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';

/** What the tests of lists run. */

/** Ends as its input says: at once, by failing, or by an event. */
@Orchestrator('order')
export class Order {
  @Run({ input: String }) *run(how: string, ctx: OrchestrationContext): Orchestration<string> {
    ctx.setCustomStatus(`is to ${how.slice(0, 10)}`);
    if (how === 'fail') throw new RangeError('out of stock');
    if (how === 'wait') yield* ctx.waitForExternalEvent('Go');
    return `did ${how}`;
  }
}

/** Goes on for ever, and changes with each event. */
@Orchestrator('ticker')
export class Ticker {
  @Run({ input: Number }) *run(ticks: number, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.waitForExternalEvent('Tick');
    return ctx.continueAsNew(ticks + 1);
  }
}

export const orchestrators = [Order, Ticker];
