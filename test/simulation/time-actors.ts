import { Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { EntityContext } from '../../lib/core/entity-context.js';
import { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import type { Orchestration } from '../../lib/core/task.js';
import type { Hosted } from '../../lib/definitions/registry.js';
import type { Surroundings } from './actors.js';
import { MOST_AT_DOOR, type BellStep, type Note, type Pass, type Remind, type Ring, type Tick } from './time-script.js';

/** A call from a bell may take as long as whatever goes wrong. */
const HOUR = 3_600_000;
/** So long a relay goes on behind its call: long enough to die meanwhile, while others wait. */
const LINGER = 250;

/** The classes of the family of times, as one worker hosts them. */
export function hostedTimes(world: Surroundings): Hosted {
  @Entity('bell')
  class Bell {
    state = { count: 0, log: [] as string[], ticks: {} as Record<string, number> };

    @Operation({ input: 'unknown' }) ring({ id, due }: Ring, context: EntityContext): void {
      this.note(id, context, due === undefined ? {} : { due });
    }
    @Operation({ input: 'unknown' }) async slow(ring: Ring, context: EntityContext): Promise<void> {
      await world.pause(world.duration(ring.id));
      this.ring(ring, context);
    }
    @Operation({ input: 'unknown', timeoutInMilliseconds: HOUR }) async relay(
      ring: Ring,
      context: EntityContext,
    ): Promise<void> {
      const begun = this.state.count;
      await context.callEntity('bell', ring.to!, 'ring', { id: `${ring.id}?` });
      world.goesOn(ring.id, begun);
      await world.pause(LINGER + world.duration(ring.id));
      this.ring(ring, context);
    }
    @Operation({ input: 'unknown' }) pass({ id, to, wait, operation, calls }: Pass, context: EntityContext): void {
      const due = context.currentUtcDateTime.getTime() + wait;
      const ring = { id: `${id}>`, due, ...(calls !== undefined && { to: calls }) };
      context.signalEntity('bell', to, operation, ring, { signalAt: new Date(due) });
      this.note(id, context, {});
    }
    @Operation({ input: 'unknown' }) remind(remind: Remind, context: EntityContext): void {
      const { id, name, first, every, count, failing, silences } = remind;
      const now = context.currentUtcDateTime.getTime();
      const failsUntil = now + failing;
      const input: Tick = { id, name, count, failsUntil, ...(silences && { silences }) };
      const firstTime = new Date(now + first);
      context.setReminder(name, { operation: 'tick', input, firstTime, everyInMilliseconds: every });
      const set = { id, name, at: now + first, ...(every !== undefined && { every }), failsUntil };
      this.note(id, context, { set });
    }
    @Operation({ input: 'unknown' }) tick(
      { id, name, count, failsUntil, silences }: Tick,
      context: EntityContext,
    ): void {
      if (context.currentUtcDateTime.getTime() < failsUntil) throw new Error('not yet');
      const n = (this.state.ticks[id] ?? 0) + 1;
      this.state.ticks[id] = n;
      const isLast = n === count;
      if (isLast && silences) return context.deleteState();
      if (isLast) context.cancelReminder(name);
      this.note(`${id}#${n}`, context, { tick: { id, name, n, isLast } });
    }
    @Operation({ input: 'unknown' }) unremind(
      { id, name }: { id: string; name: string },
      context: EntityContext,
    ): void {
      const was = context.cancelReminder(name);
      this.note(id, context, { cancelled: { name, was } });
    }
    @Operation() silence(_none: void, context: EntityContext): void {
      context.deleteState();
    }
    @Operation({ readonly: true }) listen(): { count: number; log: readonly string[] } {
      return this.state;
    }

    note(id: string, context: EntityContext, more: Partial<Note>): void {
      const note: Note = {
        at: context.currentUtcDateTime.getTime(),
        isNew: context.isNewlyConstructed,
        reminders: context.reminders.map(({ name }) => name).toSorted(),
        ...more,
      };
      this.state.count++;
      this.state.log = [`${id} ${JSON.stringify(note)}`];
    }
  }

  @Entity('door', { mailboxLimit: MOST_AT_DOOR })
  class Door {
    state = { log: [] as string[] };
    @Operation({ input: String }) async knock(id: string): Promise<number> {
      await world.pause(world.duration(id));
      return this.state.log.push(id);
    }
  }

  @Orchestrator('planner')
  class Planner {
    @Run({ input: 'unknown' }) *run(steps: readonly BellStep[], context: OrchestrationContext): Orchestration<string> {
      for (const step of steps) yield* planned(step, context);
      return 'done';
    }
  }

  return { entities: [Bell, Door], orchestrators: [Planner] };
}

function* planned(step: BellStep, context: OrchestrationContext): Orchestration<void> {
  switch (step.do) {
    case 'timer':
      return yield* context.createTimer(step.milliseconds);
    case 'later': {
      const due = context.currentUtcDateTime.getTime() + step.wait;
      const ring: Ring = { ...step.ring, due };
      return context.signalEntity('bell', step.key, step.operation, ring, { signalAt: new Date(due) });
    }
    case 'hold': {
      const { key, id, wait, clears } = step;
      const lock = yield* context.lock(['bell', key]);
      yield* context.callEntity('bell', key, 'ring', { id });
      yield* context.createTimer(wait);
      if (clears) yield* context.callEntity('bell', key, 'silence');
      return lock.release();
    }
  }
}
