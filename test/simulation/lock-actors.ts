import { Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { EntityContext } from '../../lib/core/entity-context.js';
import type { Lock } from '../../lib/core/lock.js';
import { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import type { Orchestration } from '../../lib/core/task.js';
import type { Hosted } from '../../lib/definitions/registry.js';
import { AggregateTaskError, CallCycleError, EntityOperationFailedError, LockLostError } from '../../lib/errors.js';
import type { Surroundings } from './actors.js';
import type { Relayed, SectionScript } from './lock-script.js';

/** Nothing takes so long: what ends at its time limit is stuck before. */
const HOUR = 3_600_000;

/** The classes of the family of locks, as one worker hosts them. */
export function hostedLocks(world: Surroundings): Hosted {
  /** Everything that changes it says who did. */
  @Entity('vault')
  class Vault {
    state = { balance: 0, log: [] as string[] };
    @Operation({ input: String }) note(text: string): number {
      return this.state.log.push(text);
    }
    @Operation({ input: String }) async slow(text: string): Promise<number> {
      await world.pause(world.duration(text));
      return this.state.log.push(text);
    }
    /** Calls the next vault; a cycle that it is told is noted, and nothing comes of that call. */
    @Operation({ input: 'unknown', timeoutInMilliseconds: HOUR }) async relay(
      { id, path }: Relayed,
      context: EntityContext,
    ): Promise<void> {
      const [next, ...rest] = path;
      const hop = `${id}/${path.length}`;
      await world.pause(world.duration(hop));
      let told = hop;
      try {
        if (next !== undefined) await context.callEntity('vault', next, 'relay', { id, path: rest });
      } catch (error) {
        told = `${hop} refused ${cycleIn(error).join(' ')}`;
      }
      this.state.log.push(told);
    }
    @Operation() get(): number {
      return this.state.balance;
    }
    @Operation({ input: 'unknown' }) set({ by, balance }: { by: string; balance: number }): void {
      this.state.balance = balance;
      this.state.log.push(by);
    }
  }

  @Orchestrator('section')
  class Section {
    @Run({ input: 'unknown' }) *run(script: SectionScript, context: OrchestrationContext): Orchestration<string> {
      try {
        yield* inSection(script, context);
      } catch (error) {
        if (isLost(error)) return 'lost';
        throw error;
      }
      if (script.end === 'fail') throw new Error('failed in a section');
      if (script.end === 'continue') context.continueAsNew({ ...script, token: `${script.token}+`, end: 'release' });
      return 'done';
    }
  }

  return { entities: [Vault], orchestrators: [Section] };
}

/** The cycle that a call would have closed; whatever else it failed with is thrown again. */
function cycleIn(error: unknown): readonly string[] {
  if (error instanceof CallCycleError) return error.cycle;
  const { code, fields } = error instanceof EntityOperationFailedError ? error.failureDetails : {};
  if (code !== 'PERDURE_CALL_CYCLE') throw error;
  return fields!['cycle'] as readonly string[];
}

/** One call, or all that were made at once, came too late. */
function isLost(error: unknown): boolean {
  return error instanceof AggregateTaskError ? error.errors.every(isLost) : error instanceof LockLostError;
}

function* inSection(script: SectionScript, context: OrchestrationContext): Orchestration<void> {
  const { token, keys, lease, end, relay } = script;
  const entities = keys.map((key) => ['vault', key] as const);
  const lock = yield* context.lock(...entities, { leaseInMilliseconds: lease });
  const calls = keys.map((key) => context.callEntity('vault', key, script.isSlow ? 'slow' : 'note', `${token} comes`));
  yield* context.all(calls);
  yield* within(script, lock, context);
  if (relay) yield* context.callEntity('vault', relay[0]!, 'relay', { id: `${token}>`, path: relay.slice(1) });
  for (const key of keys) yield* context.callEntity('vault', key, 'note', `${token} goes`);
  if (end === 'release') lock.release();
}

function* within(
  { kind, token, keys, amount, pause }: SectionScript,
  lock: Lock,
  context: OrchestrationContext,
): Orchestration<void> {
  if (kind === 'outlive') return yield* context.waitUntil(() => lock.isLost);
  if (kind === 'visit') return yield* context.createTimer(pause);
  const [from, to] = keys as readonly [string, string];
  const [left, right] = [
    yield* context.callEntity<number>('vault', from, 'get'),
    yield* context.callEntity<number>('vault', to, 'get'),
  ];
  yield* context.createTimer(pause);
  yield* context.callEntity('vault', from, 'set', { by: `${token} takes`, balance: left - amount });
  yield* context.callEntity('vault', to, 'set', { by: `${token} gives`, balance: right + amount });
}
