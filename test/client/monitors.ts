import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';

/** Orchestrations whose last history does not show all children that they have had. */

/** A child of a child. */
@Orchestrator('leaf')
export class Leaf {
  @Run({ input: Number }) *run(n: number, ctx: OrchestrationContext): Orchestration<number> {
    yield* ctx.createTimer(1);
    return n;
  }
}

/** Looks twice, each time in an execution of its own, with a child in the first. */
@Orchestrator('look')
export class Look {
  @Run({ input: Number }) *run(n: number, ctx: OrchestrationContext): Orchestration<number> {
    if (n < 0) return n;
    yield* ctx.callSubOrchestrator(Leaf, n);
    ctx.continueAsNew(-n - 1);
    return 0;
  }
}

/** Looks again and again, in an execution each, and in the last one not at all; the first look has many events beside. */
@Orchestrator('monitor')
export class Monitor {
  @Run({ input: Number }) *run(left: number, ctx: OrchestrationContext): Orchestration<string> {
    if (left === 0) return 'over';
    yield* ctx.callSubOrchestrator(Look, left);
    ctx.continueAsNew(left - 1);
    return '';
  }
}

/** Starts what nobody waits for, and goes on without it. */
@Orchestrator('careless')
export class Careless {
  @Run({ input: Number }) *run(left: number, ctx: OrchestrationContext): Orchestration<string> {
    if (left === 0) return 'over';
    ctx.callSubOrchestrator(Stayer);
    yield* ctx.createTimer(100);
    ctx.continueAsNew(left - 1);
    return '';
  }
}

/** Stays until it is told to go. */
@Orchestrator('stayer')
export class Stayer {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.waitForExternalEvent('Go');
  }
}

/** Has a child in each of its executions, of which the last 100 wait; what its children come to is of no concern to it. */
@Orchestrator('nest')
export class Nest {
  @Run({ input: Number }) *run(left: number, ctx: OrchestrationContext): Orchestration<void> {
    ctx.callSubOrchestrator(Stayer, undefined, { instanceId: `${ctx.instanceId}.${left}` });
    if (left === 0) return void (yield* ctx.waitForExternalEvent('Done'));
    if (left < 100) yield* ctx.createTimer(100);
    ctx.continueAsNew(left - 1);
  }
}

/** What is broken, until the test mends it. */
export class Part {
  isBroken = true;

  @Activity() fit(): string {
    if (this.isBroken) throw new RangeError('it does not fit');
    return 'fits';
  }
}

/** Calls a child because of a failure, which a rewind takes back. */
@Orchestrator('mechanic')
export class Mechanic {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    try {
      return yield* ctx.callActivity(Part).fit();
    } catch (error) {
      yield* ctx.callSubOrchestrator(Leaf, 1);
      throw error;
    }
  }
}

/** As the mechanic, but it waits neither for the child nor, once it is rewound, for anything to be done. */
@Orchestrator('foreman')
export class Foreman {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    try {
      yield* ctx.callActivity(Part).fit();
    } catch (error) {
      ctx.callSubOrchestrator(Stayer, undefined, { instanceId: `${ctx.instanceId}.hand` });
      throw error;
    }
    yield* ctx.waitForExternalEvent('Done');
  }
}

export const monitors = [Leaf, Look, Monitor, Careless, Stayer, Nest, Mechanic, Foreman];
