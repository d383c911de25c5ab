/** Apart from the other type tests because the linter refuses to read such code at all. */
import type { Orchestration, OrchestrationContext } from '../../../lib/index.js';

export class Awaiting {
  *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    // @ts-expect-error -- `await` in a generator does not compile
    await Promise.resolve();
    yield* ctx.createTimer(1);
  }
}
