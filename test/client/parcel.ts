import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';

/** Tells as its custom status what it is sent, until it is sent the last word; continues as new once on the way. */
@Orchestrator('parcel')
export class Parcel {
  @Run({ input: Number }) *run(round: number, ctx: OrchestrationContext): Orchestration<string | void> {
    ctx.setCustomStatus(`round ${round}`);
    for (;;) {
      const word = yield* ctx.waitForExternalEvent<string>('Word');
      if (word === 'end') return 'delivered';
      if (word === 'again') return ctx.continueAsNew(round + 1);
      if (word !== 'quiet') ctx.setCustomStatus(word);
    }
  }
}
