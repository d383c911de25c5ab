import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';

export class Mails {
  @Activity({ name: 'mails.digest' })
  async digest(topic: string): Promise<void> {
    console.log(`  the latest ${topic}`);
  }
}

/** What the schedule starts: an orchestration like any other. */
@Orchestrator('digest')
export class Digest {
  @Run()
  *run(topic: string, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity(Mails).digest(topic);
  }
}
