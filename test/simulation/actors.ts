import { Activity, Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { ActivityContext } from '../../lib/core/activity-context.js';
import { EntityContext } from '../../lib/core/entity-context.js';
import { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import type { Orchestration, Task } from '../../lib/core/task.js';
import type { Hosted } from '../../lib/definitions/registry.js';
import type { Action, Awaitable, Noted, Script } from './script.js';

/** What user code of a simulation sees of the world around the worker in which it runs. */
export interface Surroundings {
  /** Waits, unless the process is dead or frozen meanwhile. */
  pause(milliseconds: number): Promise<void>;
  /** An attempt of an activity begins. */
  activityBegins(context: ActivityContext, id: string): void;
  /** An operation that does IO begins it. */
  ioBegins(key: string, id: string): void;
  /** An operation is told at which place of a ledger its entry is. */
  answered(key: string, id: string, version: number): void;
  /** An operation that has been answered goes on; its own ledger had so many entries when it began. */
  goesOn(id: string, begun: number): void;
  /** How long something of this id takes, in milliseconds. */
  duration(id: string): number;
  /** How many activities of this id were asked for before this one: one that runs a second time is none of them. */
  attempt(context: ActivityContext, id: string): number;
  /** Until nobody wants the activity any more. */
  hold(context: ActivityContext): Promise<void>;
}

/** Where a replay runs: it asks for everything again, and nothing is done. */
export const nowhere: Surroundings = {
  pause: () => Promise.resolve(),
  activityBegins: () => {},
  ioBegins: () => {},
  answered: () => {},
  goesOn: () => {},
  duration: () => 0,
  attempt: () => 0,
  hold: () => Promise.resolve(),
};

/** Waits of a scripted orchestrator that nothing ever ends. */
const HOUR = 3_600_000;

/** The classes of a simulation, as one worker hosts them. */
export function hosted(world: Surroundings): Hosted {
  @Entity('ledger')
  class Ledger {
    state: { log: string[] } = { log: [] };
    @Operation({ input: String }) add(id: string): number {
      return this.state.log.push(id);
    }
    @Operation({ input: String }) async slow(id: string, { entityId }: EntityContext): Promise<number> {
      world.ioBegins(entityId.key, id);
      await world.pause(world.duration(id));
      return this.state.log.push(id);
    }
    @Operation({ input: String }) refuse(id: string, context: EntityContext): void {
      this.state.log.push(`refused ${id}`);
      context.signalEntity('ledger', context.entityId.key, 'add', `refused ${id}`);
      throw new Error(`refused ${id}`);
    }
    @Operation({ input: 'unknown' }) forward({ to, id }: { to: string; id: string }, context: EntityContext): void {
      this.state.log.push(id);
      context.signalEntity('ledger', to, 'add', `${id}>`);
    }
    @Operation({ input: 'unknown', timeoutInMilliseconds: HOUR }) async ask(
      { of, id }: { of: readonly string[]; id: string },
      context: EntityContext,
    ): Promise<number> {
      world.ioBegins(context.entityId.key, id);
      const begun = this.state.log.length;
      for (const key of of) {
        const version = await context.callEntity<number>('ledger', key, 'add', `${id}?`);
        world.answered(key, `${id}?`, version);
        world.goesOn(id, begun);
        await world.pause(world.duration(id));
      }
      return this.state.log.push(id);
    }
  }

  @Entity('account')
  class Account {
    state = { balance: 0, operations: 0 };
    @Operation({ input: Number }) add(amount: number): number {
      this.state.operations++;
      return (this.state.balance += amount);
    }
  }

  /** One client's own: put and deleted. */
  @Entity('box')
  class Box {
    state: { value: number } | undefined = { value: 0 };
    @Operation({ input: Number }) put(value: number): number {
      const before = this.state?.value ?? 0;
      this.state = { value };
      return before;
    }
    @Operation() clear(): void {
      this.state = undefined;
    }
  }

  @Orchestrator('scripted')
  class Scripted {
    @Run({ input: 'unknown' }) *run(script: Script, context: OrchestrationContext): Orchestration<Noted> {
      const run = new ScriptRun(script, context);
      yield* run.all();
      return run.noted;
    }
  }

  @Orchestrator('teller')
  class Teller {
    @Run({ input: 'unknown' }) *run(
      { to, id }: { to: string; id: string },
      context: OrchestrationContext,
    ): Orchestration<string> {
      yield* context.createTimer(1);
      context.sendEvent(to, `told ${id}`, id);
      return id;
    }
  }

  class Work {
    @Activity({ input: String }) async work(id: string, context: ActivityContext): Promise<string> {
      world.activityBegins(context, id);
      await world.pause(world.duration(id));
      return `did ${id}`;
    }
    @Activity({ input: String, queue: 'elsewhere' }) remote(id: string, context: ActivityContext): Promise<string> {
      return this.work(id, context);
    }
    @Activity({ input: 'unknown' }) async flaky(
      { id, failures }: { id: string; failures: number },
      context: ActivityContext,
    ): Promise<string> {
      world.activityBegins(context, id);
      await world.pause(world.duration(id));
      if (world.attempt(context, id) < failures) throw new Error(`failed ${id}`);
      return `did ${id}`;
    }
  }

  return {
    entities: [Ledger, Account, Box],
    orchestrators: [Scripted, Teller],
    activities: [new Work()],
  };
}

/** One execution of a script; a generator as the user's own would be. */
export class ScriptRun {
  protected readonly context: OrchestrationContext;
  readonly #actions: readonly Action[];
  readonly #said: string[];
  readonly #versions: [string, string, number][];
  readonly #timers: [number, number][];

  constructor({ actions, noted }: Script, context: OrchestrationContext) {
    this.#actions = actions;
    this.context = context;
    this.#said = [...noted.said];
    this.#versions = noted.versions.map((version) => [...version]);
    this.#timers = noted.timers.map((timer) => [...timer]);
  }

  get noted(): Noted {
    return { said: this.#said, versions: this.#versions, timers: this.#timers };
  }

  protected say(text: string): void {
    this.#said.push(text);
  }

  *all(): Orchestration<void> {
    for (const [at, action] of this.#actions.entries()) {
      if (action.do === 'continue') {
        this.context.continueAsNew({
          actions: this.#actions.slice(at + 1),
          noted: this.noted,
        });
        return;
      }
      yield* this.act(action);
    }
  }

  protected *act(action: Action): Orchestration<void> {
    const context = this.context;
    switch (action.do) {
      case 'work':
      case 'retry':
      case 'call':
      case 'timer':
        return yield* this.#one(action);
      case 'signal':
        return context.signalEntity('ledger', action.key, action.slow ? 'slow' : 'add', action.id);
      case 'forward':
        return context.signalEntity('ledger', action.key, 'forward', {
          to: action.to,
          id: action.id,
        });
      case 'ask':
        return context.signalEntity('ledger', action.key, 'ask', { of: action.of, id: action.id });
      case 'refuse':
        return yield* this.#refused(action);
      case 'transfer':
        yield* context.callEntity('account', action.from, 'add', -action.amount);
        return void (yield* context.callEntity('account', action.to, 'add', action.amount));
      case 'all':
        return yield* this.#allOf(action.of);
      case 'race':
        return yield* this.#race(action.id);
      case 'timeout':
        return yield* this.#timeout(action.milliseconds);
      case 'sub': {
        const script = {
          actions: action.of,
          noted: { said: [], versions: [], timers: [] },
        };
        const noted = yield* context.callSubOrchestrator<Noted>('scripted', script, { instanceId: action.instanceId });
        return this.#merge(noted);
      }
      case 'events':
        for (let left = action.count; left > 0; left--)
          this.#said.push(yield* context.waitForExternalEvent<string>('event'));
        return;
      case 'tell': {
        const told = context.waitForExternalEvent<string>(`told ${action.id}`);
        const input = { to: context.instanceId, id: action.id };
        const child = context.callSubOrchestrator<string>('teller', input, {
          instanceId: action.instanceId,
        });
        return void this.#said.push(...(yield* context.all([told, child])));
      }
      case 'try':
        return yield* this.#try(action.of);
      case 'throw':
        throw new Error(`thrown ${action.id}`);
      case 'abandon':
        context.callEntity('ledger', action.key, 'slow', action.id);
        return;
      case 'status':
        return context.setCustomStatus(action.id);
      case 'continue':
        throw new Error('Only at the top');
    }
  }

  /** Begins something that can be waited for, and notes how it ends when it has. */
  #begin(action: Awaitable): readonly [Task<unknown>, (value: unknown) => void] {
    const context = this.context;
    switch (action.do) {
      case 'work':
        return [
          context.callActivity<string>(action.isRemote ? 'remote' : 'work', action.id),
          (value) => void this.#said.push(value as string),
        ];
      case 'retry': {
        const retry = {
          maxAttempts: action.attempts,
          firstRetryIntervalInMilliseconds: 50,
        };
        const input = { id: action.id, failures: action.failures };
        return [context.callActivity('flaky', input, { retry }), (value) => void this.#said.push(value as string)];
      }
      case 'call': {
        const { key, id, slow } = action;
        const task = context.callEntity<number>('ledger', key, slow ? 'slow' : 'add', id);
        return [task, (value) => void this.#versions.push([key, id, value as number])];
      }
      case 'timer': {
        const due = context.currentUtcDateTime.getTime() + action.milliseconds;
        const task = context.createTimer(action.milliseconds);
        return [task, () => void this.#timers.push([due, context.currentUtcDateTime.getTime()])];
      }
    }
  }

  *#one(action: Awaitable): Orchestration<void> {
    const [task, note] = this.#begin(action);
    note(yield* task);
  }

  *#allOf(actions: readonly Awaitable[]): Orchestration<void> {
    const begun = actions.map((action) => this.#begin(action));
    const values = yield* this.context.all(begun.map(([task]) => task));
    for (const [at, [, note]] of begun.entries()) note(values[at]);
  }

  *#refused({ key, id }: { readonly key: string; readonly id: string }): Orchestration<void> {
    try {
      yield* this.context.callEntity('ledger', key, 'refuse', id);
      this.#said.push(`not refused ${id}`);
    } catch {
      this.#said.push(`refused ${id}`);
    }
  }

  *#race(id: string): Orchestration<void> {
    const context = this.context;
    const work = context.callActivity<string>('work', id);
    const timer = context.createTimer(HOUR);
    const winner: Task<unknown> = yield* context.any<Task<unknown>>([timer, work]);
    if (winner === work) timer.cancel();
    this.#said.push(winner === work ? work.result : `late ${id}`);
  }

  *#timeout(milliseconds: number): Orchestration<void> {
    const context = this.context;
    const timer = context.createTimer(milliseconds);
    const never = context.waitForExternalEvent('never');
    const winner: Task<unknown> = yield* context.any<Task<unknown>>([never, timer]);
    this.#said.push(winner === timer ? 'timed out' : 'never');
  }

  *#try(actions: readonly Action[]): Orchestration<void> {
    try {
      for (const action of actions) yield* this.act(action);
    } catch {
      this.#said.push('caught');
    }
  }

  #merge({ said, versions, timers }: Noted): void {
    this.#said.push(...said);
    for (const [key, id, version] of versions) this.#versions.push([key, id, version]);
    for (const [due, fired] of timers) this.#timers.push([due, fired]);
  }
}
