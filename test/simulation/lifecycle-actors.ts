import { Activity, Orchestrator, Query, Run, Update } from '../../decorators/index.js';
import { ActivityContext } from '../../lib/core/activity-context.js';
import { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import type { Orchestration, Task } from '../../lib/core/task.js';
import type { OrchestratorObject } from '../../lib/core/proxies.js';
import type { Constructor } from '../../lib/core/values.js';
import type { Hosted } from '../../lib/definitions/registry.js';
import { TaskFailedError, TaskTimedOutError } from '../../lib/errors.js';
import { hosted, ScriptRun, type Surroundings } from './actors.js';
import {
  LIFE_LEDGERS,
  SHORT,
  slowEntry,
  type Flunk,
  type LifeAction,
  type LifeNoted,
  type LifeScript,
  type PlainAction,
  type Told,
} from './lifecycle-script.js';
import { nothingNoted } from './script.js';

const HOUR = 3_600_000;
const MANY = 1_000_000;
const DAY = 24 * HOUR;

/** The classes of both families, as one worker hosts them. */
export function hostedLives(world: Surroundings): Hosted {
  class Holding {
    @Activity({ input: String }) hold(id: string, context: ActivityContext): Promise<void> {
      world.activityBegins(context, id);
      return world.hold(context);
    }
    @Activity({ input: String, queue: 'elsewhere' }) holdRemote(id: string, context: ActivityContext): Promise<void> {
      return this.hold(id, context);
    }
  }

  const { entities = [], orchestrators = [], activities = [] } = hosted(world);
  return {
    entities,
    orchestrators: [...orchestrators, newLife('life'), newLife('short', { days: SHORT / DAY })],
    activities: [...activities, new Holding()],
  };
}

/** An orchestrator of lives; `retention`: how long they are kept once they have ended. */
function newLife(name: string, retention?: { readonly days: number }): Constructor<OrchestratorObject> {
  @Orchestrator(name, { retention })
  class Life {
    readonly #updates: string[] = [];
    #execution = '';

    @Run({ input: 'unknown' }) *run(script: LifeScript, context: OrchestrationContext): Orchestration<LifeNoted> {
      this.#execution = context.executionId;
      this.#updates.push(...script.noted.updates);
      const run = new LifeRun(script, context, this.#updates);
      try {
        yield* run.all();
      } catch (error) {
        yield* run.compensate();
        throw error;
      }
      return run.noted;
    }
    @Update({ input: String }) add(id: string, context: OrchestrationContext): number {
      if (id.includes('bad')) throw new Error(`refused ${id}`);
      context.signalEntity('ledger', LIFE_LEDGERS[0]!, 'add', `${id}@${context.executionId}`);
      return this.#updates.push(id);
    }
    @Update({ input: String }) *slow(id: string, context: OrchestrationContext): Orchestration<number> {
      const own = (part: 'begun' | 'call' | 'done'): string => `${slowEntry(id, part)}@${context.executionId}`;
      context.signalEntity('ledger', LIFE_LEDGERS[0]!, 'add', own('begun'));
      yield* waitAs(id, context, own('call'));
      if (id.includes('bad')) throw new Error(`refused ${id}`);
      context.signalEntity('ledger', LIFE_LEDGERS[1]!, 'add', own('done'));
      return this.#updates.push(id);
    }
    @Query() look(): Told {
      return { execution: this.#execution, updates: [...this.#updates] };
    }
  }
  return Life;
}

/** What an update of this id waits for. */
function waitAs(id: string, context: OrchestrationContext, own: string): Task<unknown> {
  if (id.includes('timer')) return context.createTimer(150);
  if (id.includes('work')) return context.callActivity('work', own);
  if (id.includes('call')) return context.callEntity('ledger', LIFE_LEDGERS[2]!, 'add', own);
  return context.waitForExternalEvent('never');
}

/** One execution of a life; ids are those of the execution, so that what another run of the same script does has others. */
class LifeRun extends ScriptRun {
  readonly #token: string;
  readonly #life: readonly LifeAction[];
  readonly #updates: readonly string[];
  readonly #undo: { readonly key: string; readonly id: string }[] = [];

  constructor({ token, actions, noted }: LifeScript, context: OrchestrationContext, updates: readonly string[]) {
    super({ actions: [], noted }, context);
    this.#token = token;
    this.#life = actions;
    this.#updates = updates;
  }

  override get noted(): LifeNoted {
    return { ...super.noted, token: this.#token, updates: [...this.#updates] };
  }

  override *all(): Orchestration<void> {
    for (const [at, action] of this.#life.entries()) {
      if (action.do === 'continue') {
        const next: LifeScript = { token: this.#token, actions: this.#life.slice(at + 1), noted: this.noted };
        return this.context.continueAsNew(next);
      }
      yield* this.#do(action);
    }
  }

  /** Undoes the steps that were made, the last one first. */
  *compensate(): Orchestration<void> {
    for (const { key, id } of this.#undo.splice(0).reverse())
      yield* this.context.callEntity('ledger', key, 'add', `undo ${id}`);
  }

  *#do(action: LifeAction): Orchestration<void> {
    const { context } = this;
    switch (action.do) {
      case 'flunk':
        return this.say(yield* this.#flunk(action));
      case 'notes':
        for (let left = action.count; left > 0; left--) this.say(yield* context.waitForExternalEvent<string>('note'));
        return;
      case 'early':
        return yield* this.#early(action.ids.length);
      case 'until':
        yield* context.waitUntil(() => this.#updates.length >= action.count);
        return this.say(`until ${action.count}`);
      case 'never': {
        const holds = yield* context.waitUntil(() => false, { timeoutInMilliseconds: action.milliseconds });
        return this.say(`never ${holds}`);
      }
      case 'step': {
        const { key } = action;
        const id = this.#own(action.id);
        this.#undo.push({ key, id });
        return void (yield* context.callEntity('ledger', key, 'add', id));
      }
      case 'settled':
        return yield* this.#settled(action.of);
      case 'failFast':
        return yield* this.#failFast(action.id);
      case 'within':
        return yield* this.#within(action.id);
      case 'handled':
        return yield* this.#handled(action);
      case 'startNew':
        return void context.startNew('life', this.#scriptOf(action), { instanceId: action.instanceId });
      case 'leave':
        return void context.callSubOrchestrator('life', this.#scriptOf(action), { instanceId: action.instanceId });
      case 'herald':
        for (const id of action.ids) context.sendEvent(action.to, 'early', id);
        return;
      case 'child':
        return yield* this.#child(action);
      case 'beside':
        return yield* this.#beside(action);
      case 'hold':
        yield* context.callActivity(action.isRemote ? 'holdRemote' : 'hold', action.id);
        return;
      case 'work':
      case 'retry':
      case 'call':
      case 'signal':
      case 'timer':
      case 'all':
      case 'race':
      case 'timeout':
      case 'continue':
        return yield* this.act(this.#plain(action));
    }
  }

  #own(id: string): string {
    return `${id}@${this.context.executionId}`;
  }

  #plain<A extends PlainAction>(action: A): A {
    if (action.do === 'all') return { ...action, of: action.of.map((one) => this.#plain(one)) };
    return 'id' in action ? { ...action, id: this.#own(action.id) } : action;
  }

  #scriptOf({ instanceId, of }: { readonly instanceId: string; readonly of: readonly LifeAction[] }): LifeScript {
    return { token: instanceId, actions: of, noted: { ...nothingNoted, token: instanceId, updates: [] } };
  }

  #flunk({ id, failures }: Pick<Flunk, 'id' | 'failures'>): Task<string> {
    return this.context.callActivity<string>('flaky', { id: this.#own(id), failures });
  }

  *#early(count: number): Orchestration<void> {
    for (let left = count; left > 0; left--) this.say(yield* this.context.waitForExternalEvent<string>('early'));
    const more = { timeout: 100, default: 'no more' };
    this.say(yield* this.context.waitForExternalEvent<string, string>('early', more));
  }

  *#settled(of: Extract<LifeAction, { do: 'settled' }>['of']): Orchestration<void> {
    const tasks = of.map((one) =>
      one.do === 'flunk' ? this.#flunk(one) : this.context.callActivity<string>('work', this.#own(one.id)),
    );
    const settled = yield* this.context.allSettled(tasks);
    for (const one of settled) this.say(one.status === 'fulfilled' ? one.value : 'rejected');
  }

  *#failFast(id: string): Orchestration<void> {
    try {
      const failing = this.#flunk({ id, failures: MANY });
      yield* this.context.failFast<Task<unknown>[]>([this.context.createTimer(HOUR), failing]);
      this.say('did not fail fast');
    } catch (error) {
      if (!(error instanceof TaskFailedError)) throw error;
      this.say('failed fast');
    }
  }

  *#within(id: string): Orchestration<void> {
    const work = this.context.callActivity<string>('work', this.#own(id));
    this.say(yield* this.context.withTimeout(work, HOUR));
    try {
      yield* this.context.withTimeout(this.context.waitForExternalEvent('never'), 20);
    } catch (error) {
      if (!(error instanceof TaskTimedOutError)) throw error;
      this.say('timed out');
    }
  }

  *#handled({ id, failures, limit }: Extract<LifeAction, { do: 'handled' }>): Orchestration<void> {
    const retry = {
      maxAttempts: Infinity,
      firstRetryIntervalInMilliseconds: HOUR,
      retryIf: (_: unknown, { number }: { readonly number: number }) => (number < limit ? 10 * number : false),
    };
    try {
      this.say(yield* this.context.callActivity<string>('flaky', { id: this.#own(id), failures }, { retry }));
    } catch (error) {
      if (!(error instanceof TaskFailedError)) throw error;
      this.say('gave up');
    }
  }

  *#beside(action: Extract<LifeAction, { do: 'beside' }>): Orchestration<void> {
    const { instanceId } = action;
    const child = this.context.callSubOrchestrator<LifeNoted>('life', this.#scriptOf(action), { instanceId });
    const [{ said }, did] = yield* this.context.failFast([child, this.#flunk(action)]);
    for (const text of said) this.say(text);
    this.say(did);
  }

  *#child(child: Extract<LifeAction, { do: 'child' }>): Orchestration<void> {
    const { instanceId } = child;
    try {
      const { said } = yield* this.context.callSubOrchestrator<LifeNoted>('life', this.#scriptOf(child), {
        instanceId,
      });
      for (const text of said) this.say(text);
    } catch (error) {
      if (!(error instanceof TaskFailedError) || child.isStrict) throw error;
      this.say(`lost ${instanceId}`);
    }
  }
}
