import { ActivityContext, CancelledError, OrchestrationContext, Saga, type Orchestration, type Task } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';

/** What the tests of the lifecycle run. */

/** Activities that do what the test says. */
export class Work {
  readonly done: string[] = [];
  readonly aborted: string[] = [];
  readonly failing = new Set<string>();

  @Activity({ input: String }) work(name: string): string {
    this.done.push(name);
    if (this.failing.has(name)) throw new RangeError(`${name} fails`);
    return `done ${name}`;
  }

  /** Ends only when nobody wants it any more. */
  @Activity({ input: String }) hold(name: string, ctx: ActivityContext): Promise<void> {
    this.done.push(name);
    return new Promise((resolve) =>
      ctx.signal.addEventListener('abort', () => {
        this.aborted.push(name);
        resolve();
      }),
    );
  }
}

/** Gathers so many events. */
@Orchestrator('gather')
export class Gather {
  @Run({ input: Number }) *run(count: number, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const got: unknown[] = [];
    while (got.length < count) got.push(yield* ctx.waitForExternalEvent('Item'));
    return got;
  }
}

/** Has another one begin a minute later, and ends. */
@Orchestrator('planner')
export class Planner {
  @Run({ input: String }) *run(instanceId: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(1);
    return ctx.startNew(Gather, 0, { instanceId, startAt: 60_000 });
  }
}

/** Works in parallel, in several rounds. */
@Orchestrator('rounds')
export class Rounds {
  @Run({ input: Number }) *run(rounds: number, ctx: OrchestrationContext): Orchestration<string[]> {
    const all: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const tasks = [0, 1, 2].map((n) => ctx.callActivity(Work).work(`${round}.${n}`));
      all.push(...(yield* ctx.all(tasks)));
      yield* ctx.createTimer(100);
    }
    return all;
  }
}

/** A tree of children so many levels deep; its leaves hold an activity. */
@Orchestrator('tree')
export class Tree {
  @Run({ input: Number }) *run(depth: number, ctx: OrchestrationContext): Orchestration<string[]> {
    try {
      if (depth === 0) {
        yield* ctx.callActivity(Work).hold(ctx.instanceId);
        return [];
      }
      const children: Task<string[]>[] = ['a', 'b'].map((name) =>
        ctx.callSubOrchestrator(Tree, depth - 1, { instanceId: `${ctx.instanceId}.${name}` }),
      );
      return (yield* ctx.all(children)).flat();
    } catch (error) {
      if (error instanceof CancelledError) yield* ctx.callActivity(Work).work(`undo ${ctx.instanceId}`);
      throw error;
    }
  }
}

/** A tree of children so many levels deep; each of its leaves waits for an event. */
@Orchestrator('crew')
export class Crew {
  @Run({ input: Number }) *run(depth: number, ctx: OrchestrationContext): Orchestration<string[]> {
    if (depth === 0) return [yield* ctx.waitForExternalEvent<string>('Item')];
    const children: Task<string[]>[] = ['a', 'b'].map((name) =>
      ctx.callSubOrchestrator(Crew, depth - 1, { instanceId: `${ctx.instanceId}.${name}` }),
    );
    return (yield* ctx.all(children)).flat();
  }
}

/** Goes on as new when it is canceled, but for the second time. */
@Orchestrator('stubborn')
export class Stubborn {
  @Run({ input: Number }) *run(round: number, ctx: OrchestrationContext): Orchestration<string> {
    try {
      const word = yield* ctx.waitForExternalEvent<string>('Word');
      if (word === 'round') ctx.continueAsNew(round + 1);
      return `${word} in round ${round}`;
    } catch (error) {
      if (!(error instanceof CancelledError) || round > 1) throw error;
      ctx.continueAsNew(round + 1);
      return '';
    }
  }
}

/** Books something, and undoes it when it is canceled. */
@Orchestrator('booking')
export class Booking {
  @Run({ input: String }) *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.callActivity(Work).work(`book ${item}`);
    const held = ctx.callActivity(Work).hold(item);
    try {
      return yield* ctx.waitForExternalEvent<string>('Paid');
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      ctx.setCustomStatus('cleaning up');
      yield* ctx.createTimer(1_000);
      yield* ctx.callActivity(Work).work(`release ${item}`);
      if (!held.isFaulted) throw new Error('the activity has not ended', { cause: error });
      if (error.reason === 'keep') return 'kept';
      throw error;
    }
  }
}

/** Books a hotel and a flight, and undoes both unless it is told to go. */
@Orchestrator('trip')
export class Trip {
  @Run({ input: String }) *run(name: string, ctx: OrchestrationContext): Orchestration<unknown> {
    const saga = new Saga();
    try {
      for (const part of ['hotel', 'flight']) {
        saga.add(() => ctx.callActivity(Work).work(`cancel ${part} for ${name}`));
        yield* ctx.callActivity(Work).work(`book ${part} for ${name}`);
      }
      return yield* ctx.waitForExternalEvent('Go');
    } catch (error) {
      yield* saga.compensate();
      throw error;
    }
  }
}

/** Two attempts at one activity. */
@Orchestrator('twice')
export class Twice {
  @Run({ input: String }) *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
    const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 10 };
    const before = yield* ctx.callActivity(Work).work(`${name} before`);
    return `${before}, ${yield* ctx.callActivity(Work, { retry }).work(name)}`;
  }
}

/** Five activities at once. */
@Orchestrator('fan')
export class Fan {
  @Run({ input: String }) *run(name: string, ctx: OrchestrationContext): Orchestration<string[]> {
    return yield* ctx.all([0, 1, 2, 3, 4].map((n) => ctx.callActivity(Work).work(`${name}${n}`)));
  }
}

/** A child that fans out, and something after it. */
@Orchestrator('family')
export class Family {
  @Run({ input: String }) *run(name: string, ctx: OrchestrationContext): Orchestration<string[]> {
    const first = yield* ctx.callActivity(Work).work(`${name} before`);
    const both = ctx.all([ctx.callSubOrchestrator(Fan, `${name}x`), ctx.callSubOrchestrator(Fan, `${name}y`)]);
    return [first, ...(yield* both).flat()];
  }
}

/** Is kept for a week. */
@Orchestrator('weekly', { retention: { days: 7 } })
export class Weekly {
  @Run({ input: String }) *run(said: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(10);
    return said;
  }
}

/** Is kept for three seconds. */
@Orchestrator('brief', { retention: { days: 3 / 86_400 } })
export class Brief {
  @Run({ input: String }) run(said: string): string {
    return said;
  }
}

/** Is not kept. */
@Orchestrator('fleeting', { retention: 'purgeOnCompletion' })
export class Fleeting {
  @Run({ input: String }) *run(said: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(10);
    return said;
  }
}

/** Waits until a second has passed, which only an event can tell it, and then for its end. */
@Orchestrator('late')
export class Late {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    const begun = ctx.currentUtcDateTime.getTime();
    yield* ctx.waitUntil(() => ctx.currentUtcDateTime.getTime() >= begun + 1_000);
    const said = yield* ctx.callActivity(Work).work('late');
    yield* ctx.waitForExternalEvent('End');
    return said;
  }
}

export const orchestrators = [
  Late,
  Gather,
  Planner,
  Rounds,
  Tree,
  Crew,
  Booking,
  Trip,
  Twice,
  Stubborn,
  Fan,
  Family,
  Weekly,
  Brief,
  Fleeting,
];
