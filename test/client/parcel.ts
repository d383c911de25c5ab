import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Query, Run, Update } from 'perdure/decorators';

/** Tells as its custom status what it is sent, until it is sent the last word; continues as new once on the way. */
@Orchestrator('parcel')
export class Parcel {
  #words: string[] = [];

  @Run({ input: Number }) *run(round: number, ctx: OrchestrationContext): Orchestration<string | void> {
    ctx.setCustomStatus(`round ${round}`);
    for (;;) {
      const word = yield* ctx.waitForExternalEvent<string>('Word');
      this.say(word);
      if (word === 'end') return 'delivered';
      if (word === 'again') return ctx.continueAsNew(round + 1);
      if (word !== 'quiet') ctx.setCustomStatus(word);
    }
  }

  @Query() words(): string[] {
    return this.#words;
  }

  @Update({ input: String }) say(word: string): number {
    return this.#words.push(word);
  }
}
