import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { RateLimiter } from './rate-limiter.js';

export interface Mails {
  readonly customer: string;
  readonly count: number;
}

/** Sends mails as fast as it may; how often it had to wait. */
@Orchestrator('send-mails')
export class SendMails {
  @Run({ input: 'unknown' })
  *run({ customer, count }: Mails, ctx: OrchestrationContext): Orchestration<number> {
    let waits = 0;
    for (let sent = 0; sent < count;) {
      const wait = yield* ctx.callEntity(RateLimiter, customer).take();
      if (wait === 0) sent++;
      else {
        waits++;
        yield* ctx.createTimer(wait); // durable: it goes on wherever a worker is
      }
    }
    return waits;
  }
}
