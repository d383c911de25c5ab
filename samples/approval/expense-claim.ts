import { IsInt, IsString, Min } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Mails } from './mails.js';

export class Expense {
  @IsString() what!: string;
  @IsInt() @Min(1) answerWithinMilliseconds!: number;
}

export class Decision {
  @IsString() by!: string;
  isApproved!: boolean;
}

/** Asks a human, and does not wait for ever. */
@Orchestrator('expense-claim')
export class ExpenseClaim {
  @Run()
  *run({ what, answerWithinMilliseconds }: Expense, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.callActivity(Mails).ask(what);
    const decision = ctx.waitForExternalEvent('Decision', Decision);
    const deadline = ctx.createTimer(answerWithinMilliseconds);
    if ((yield* ctx.any([decision, deadline])) === deadline) return `${what}: nobody answered, it goes to the board`;
    deadline.cancel();
    const { by, isApproved } = decision.result;
    return `${what}: ${isApproved ? 'approved' : 'refused'} by ${by}`;
  }
}
