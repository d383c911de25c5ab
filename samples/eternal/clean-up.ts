import { IsInt, Min } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Files } from './files.js';

export class Round {
  @IsInt() @Min(1) round = 1;
  @IsInt() @Min(1) everyMilliseconds!: number;
}

/** Runs for ever, each round with an empty history. */
@Orchestrator('clean-up')
export class CleanUp {
  @Run()
  *run({ round, everyMilliseconds }: Round, ctx: OrchestrationContext): Orchestration<string | undefined> {
    yield* ctx.callActivity(Files).removeOld(round);
    const stop = ctx.waitForExternalEvent('Stop');
    const next = ctx.createTimer(everyMilliseconds);
    if ((yield* ctx.any([stop, next])) === stop) return `stopped in round ${round}`;
    ctx.continueAsNew({ round: round + 1, everyMilliseconds }); // the next execution begins with this input
    return undefined;
  }
}
