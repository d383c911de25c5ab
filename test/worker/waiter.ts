import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';

/** An orchestrator that waits, and tells in the end which code ran it. */
export function waiter(version?: string, versionMatchStrategy?: 'strict' | 'currentOrOlder' | 'none') {
  @Orchestrator('waiter', { version, versionMatchStrategy })
  class Waiter {
    @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
      yield* ctx.waitForExternalEvent('Go');
      return version ?? 'none';
    }
  }
  return Waiter;
}
