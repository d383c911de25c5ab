import { IsInt, IsString, Min } from 'class-validator';
import { AggregateTaskError, OrchestrationContext, TaskFailedError, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

/**
 * What the recorded histories are of. These classes stay as they are for ever: a history that they no longer replay is a
 * fault of the package. For something new, add a class.
 */

export class Trade {
  /** How often `flaky` was called, by what it was asked. */
  readonly #calls = new Map<string, number>();

  @Activity({ input: String }) greet(name: string): string {
    return `Hello, ${name}!`;
  }

  @Activity({ input: Number }) square(of: number): number {
    return of * of;
  }

  /** Fails twice for each input. */
  @Activity({
    input: String,
    retry: { maxAttempts: 5, firstRetryIntervalInMilliseconds: 1_000, backoffCoefficient: 2 },
  })
  flaky(of: string): string {
    const calls = (this.#calls.get(of) ?? 0) + 1;
    this.#calls.set(of, calls);
    if (calls < 3) throw new RangeError(`call ${calls} of ${of}`);
    return `${of} after ${calls}`;
  }

  @Activity({ input: String }) refuse(what: string): never {
    throw new Refused(`${what} is refused`);
  }
}

class Refused extends Error {
  override name = 'Refused';
}

@Entity('stock')
export class Stock {
  state = { pieces: 0 };
  @Operation({ input: Number }) put(pieces: number): number {
    return (this.state.pieces += pieces);
  }
  @Operation({ input: Number }) take(pieces: number): number {
    if (this.state.pieces < pieces) throw new Refused(`${this.state.pieces} are left`);
    return (this.state.pieces -= pieces);
  }
}

@Orchestrator('hello')
export class Hello {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    const greetings: string[] = [];
    for (const city of ['Tokyo', 'Seattle', 'Cairo']) greetings.push(yield* ctx.callActivity(Trade).greet(city));
    return greetings;
  }
}

@Orchestrator('fan-out')
export class FanOut {
  @Run({ input: Number }) *run(width: number, ctx: OrchestrationContext): Orchestration<number> {
    const squares = yield* ctx.all(Array.from({ length: width }, (_, n) => ctx.callActivity(Trade).square(n)));
    return squares.reduce((sum, square) => sum + square, 0);
  }
}

@Orchestrator('timers')
export class Timers {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    const begun = ctx.currentUtcDateTime.getTime();
    const far = ctx.createTimer(3_600_000);
    yield* ctx.all([ctx.createTimer(2_000), ctx.createTimer(500), ctx.createTimer(0)]);
    far.cancel();
    yield* ctx.createTimer(new Date(begun + 3_000));
    return ctx.currentUtcDateTime.getTime() - begun >= 3_000 ? 1 : 0;
  }
}

@Orchestrator('race')
export class Race {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const answer = ctx.waitForExternalEvent<string>('Answer');
    const late = ctx.createTimer(1_000);
    const first = yield* ctx.any([answer, late]);
    const again = ctx.createTimer(60_000);
    const second = yield* ctx.race([ctx.waitForExternalEvent<string>('answer'), again]);
    again.cancel();
    return [first === late, second];
  }
}

@Orchestrator('events')
export class Events {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    ctx.setCustomStatus({ waiting: true });
    const both = [ctx.waitForExternalEvent('One'), ctx.waitForExternalEvent('One')];
    yield* ctx.createTimer(1_000); // events come meanwhile
    const [first, second] = yield* ctx.all(both);
    const third = yield* ctx.waitForExternalEvent('Two');
    ctx.setCustomStatus(null);
    return [first, second, third];
  }
}

@Orchestrator('child')
export class Child {
  @Run({ input: String }) *run(what: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(100);
    if (what === 'fail') throw new Refused(`${what} in ${ctx.parentInstanceId}`);
    return `${what} done`;
  }
}

@Orchestrator('parent')
export class Parent {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const [own, derived] = yield* ctx.all([
      ctx.callSubOrchestrator(Child, 'one', { instanceId: `${ctx.instanceId}-one` }),
      ctx.callSubOrchestrator<string>('child', 'two'),
    ]);
    try {
      yield* ctx.callSubOrchestrator(Child, 'fail');
    } catch (error) {
      return [own, derived, error instanceof TaskFailedError && error.isCausedBy('Refused')];
    }
    return [];
  }
}

@Orchestrator('rounds')
export class Rounds {
  @Run({ input: Number }) *run(round: number, ctx: OrchestrationContext): Orchestration<unknown> {
    const seen = yield* ctx.waitForExternalEvent<number>('Next');
    yield* ctx.createTimer(200); // what comes meanwhile is carried over
    if (round < 3) ctx.continueAsNew(round + 1);
    return { round, seen };
  }
}

@Orchestrator('trade')
export class TradeStock {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const nails = ctx.callEntity(Stock, 'nails');
    ctx.signalEntity(Stock, 'nails').put(5);
    const left = yield* nails.take(3);
    let refused = false;
    try {
      yield* nails.take(3);
    } catch {
      refused = true;
    }
    return [left, refused, yield* nails.put(1)];
  }
}

@Orchestrator('retries')
export class Retries {
  @Run({ input: String }) *run(what: string, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const result = yield* ctx.callActivity(Trade).flaky(`${what} ${ctx.instanceId}`);
    try {
      yield* ctx.all([ctx.callActivity(Trade).refuse('it'), ctx.callActivity(Trade).greet('Rome')]);
    } catch (error) {
      return [result, error instanceof AggregateTaskError && error.errors.length];
    }
    return [];
  }
}

@Orchestrator('failing')
export class Failing {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity(Trade).refuse('everything');
  }
}

export class Parcel {
  @IsString() to!: string;
  @IsInt() @Min(1) pieces!: number;
  /** An initializer: what it gave is recorded. */
  note = 'none';
}

@Orchestrator('parcel')
export class Send {
  @Run() *run(parcel: Parcel, ctx: OrchestrationContext): Orchestration<unknown[]> {
    const ids = [ctx.newGuid(), ctx.newGuid()];
    yield* ctx.callActivity('greet', `${parcel.to}, ${parcel.note}, ${ids.join()}`);
    ctx.sendEvent(`${ctx.instanceId}-nobody`, 'Sent', parcel);
    return [parcel.pieces, ids[0] !== ids[1], parcel instanceof Parcel];
  }
}

@Orchestrator('patched')
export class Patched {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<boolean[]> {
    const first = ctx.patched('first');
    yield* ctx.createTimer(100);
    return [first, ctx.patched('second'), ctx.patched('first')];
  }
}

@Orchestrator('versioned', { version: '2.1' })
export class Versioned {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    return yield* ctx.callActivity(Trade).greet('two');
  }
}

@Orchestrator('waiting')
export class Waiting {
  @Run({ input: String }) *run(what: string, ctx: OrchestrationContext): Orchestration<string> {
    const greeting = yield* ctx.callActivity(Trade).greet(what);
    const [event] = yield* ctx.all([ctx.waitForExternalEvent<string>('Go'), ctx.createTimer(1_000)]);
    const left = yield* ctx.callEntity(Stock, 'nails').put(1);
    return `${greeting} ${event} ${left}`;
  }
}

export const orchestrators = [
  Hello,
  FanOut,
  Timers,
  Race,
  Events,
  Child,
  Parent,
  Rounds,
  TradeStock,
  Retries,
  Failing,
  Send,
  Patched,
  Versioned,
  Waiting,
];

export const hosted = () => ({ orchestrators, entities: [Stock], activities: [new Trade()] });
