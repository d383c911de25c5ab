import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Greetings } from './greetings.js';

/** Greets three cities, one after the other: the next activity starts when the one before has ended. */
@Orchestrator('hello-sequence')
export class HelloSequence {
  @Run()
  *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    if (!ctx.isReplaying) console.log(`hello-sequence ${ctx.instanceId} started`);
    const greetings: string[] = [];
    for (const city of ['Tokyo', 'Seattle', 'Cairo']) greetings.push(yield* ctx.callActivity(Greetings).hello(city));
    return greetings;
  }
}
