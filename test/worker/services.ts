import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

/** Classes of several services on one hub: each of them runs in another worker, and they call each other by name. */

@Entity('ledger')
export class Ledger {
  state: { lines: string[]; sum: number } = { lines: [], sum: 0 };

  @Operation({ input: Number }) add(amount: number): number {
    this.state.lines.push(String(amount));
    return (this.state.sum += amount);
  }

  /** The second line is as long as the call says. */
  @Operation({ input: Number }) write(length: number): number {
    return this.state.lines.push('x'.repeat(length));
  }

  @Operation() fail(): void {
    this.state.sum = -1;
    throw new RangeError('no');
  }

  /** What it signals is run by another service. */
  @Operation({ input: String }) tell(to: string, context: EntityContext): void {
    context.signalEntity('diary', to, 'note', `from ${context.entityId.key}`);
  }
}

@Entity('diary')
export class Diary {
  state: { notes: string[] } = { notes: [] };

  @Operation({ input: String }) note(text: string): number {
    return this.state.notes.push(text);
  }

  @Operation({ input: String }) async slowly(text: string): Promise<number> {
    await Promise.resolve();
    return this.state.notes.push(text);
  }

  @Operation({ input: String, timeoutInMilliseconds: 3_600_000 }) never(): Promise<void> {
    return new Promise(() => {});
  }
}

export class Greeter {
  @Activity({ input: String }) greet(name: string): string {
    return `Hello, ${name}!`;
  }
}

/** Calls an entity, a sub-orchestration and an activity of other services. */
@Orchestrator('journey')
export class Journey {
  @Run({ input: String }) *run(key: string, context: OrchestrationContext): Orchestration<unknown[]> {
    const sum = yield* context.callEntity<number>('ledger', key, 'add', 5);
    const slept = yield* context.callSubOrchestrator<string>('sleep', 50);
    const greeting = yield* context.callActivity<string>('greet', key);
    context.signalEntity('diary', key, 'note', 'been there');
    return [sum, slept, greeting];
  }
}

/** Calls an activity by its name, in its own queue or in another. */
@Orchestrator('errand')
export class Errand {
  @Run({ input: 'unknown' }) *run(input: unknown, context: OrchestrationContext): Orchestration<string> {
    const { name, queue } = input as { readonly name: string; readonly queue?: string };
    return yield* context.callActivity<string>(name, undefined, queue === undefined ? {} : { queue });
  }
}

@Orchestrator('sleep')
export class Sleep {
  @Run({ input: Number }) *run(milliseconds: number, context: OrchestrationContext): Orchestration<string> {
    yield* context.createTimer(milliseconds);
    return 'slept';
  }
}

/** Calls a ledger again and again: a history that grows. */
@Orchestrator('counting')
export class Counting {
  @Run({ input: Number }) *run(times: number, context: OrchestrationContext): Orchestration<number> {
    let sum = 0;
    for (let n = 0; n < times; n++) sum = yield* context.callEntity<number>('ledger', 'counting', 'add', 1);
    return sum;
  }
}

/** Waits for events, and tells how much text was in them. */
@Orchestrator('collecting')
export class Collecting {
  @Run({ input: Number }) *run(events: number, context: OrchestrationContext): Orchestration<number> {
    let length = 0;
    for (let n = 0; n < events; n++) length += (yield* context.waitForExternalEvent<string>('text')).length;
    return length;
  }
}

/** Sends texts to an instance that may not be there yet, and starts another one that it does not wait for. */
@Orchestrator('herald')
export class Herald {
  @Run({ input: [String] }) run([to = '', ...texts]: string[], context: OrchestrationContext): string {
    for (const text of texts) context.sendEvent(to, 'text', text);
    context.log.warn(`has sent ${texts.length}`);
    return context.startNew('sleep', 10, { tags: { of: to } });
  }
}

/** Goes on as new until it has counted down. */
@Orchestrator('countdown')
export class Countdown {
  @Run({ input: Number }) *run(left: number, context: OrchestrationContext): Orchestration<string> {
    yield* context.callEntity<number>('ledger', 'countdown', 'add', 1);
    if (left > 1) context.continueAsNew(left - 1);
    return 'lift-off';
  }
}
