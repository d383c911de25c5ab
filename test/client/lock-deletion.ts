import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Ledger } from './readonly-classes.js';

/** Locks a ledger for a while, and adds to it. */
@Orchestrator('section')
export class Section {
  @Run({ input: Number }) *run(wait: number, ctx: OrchestrationContext): Orchestration<number> {
    const lock = yield* ctx.lock([Ledger, 'a']);
    yield* ctx.createTimer(wait);
    const length = yield* ctx.callEntity(Ledger, 'a').add(2);
    lock.release();
    return length;
  }
}
