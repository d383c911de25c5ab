/** What the workers of a chaos run host: each leaves behind whatever an oracle needs to tell lost from done twice. */
import { appendFileSync } from 'node:fs';
import { ActivityContext, EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { added, type Marks } from './marks.js';

export interface Note {
  readonly sender: string;
  readonly number: number;
}

/** Keeps which numbers of each sender have come, and in which order; its version counts the operations. */
@Entity('journal')
export class Journal {
  state = { version: 0, marks: {} as Record<string, Marks>, relayed: 0 };

  @Operation({ input: 'unknown' })
  note({ sender, number }: Note): number {
    this.state.marks[sender] = added(this.state.marks[sender], number);
    return ++this.state.version;
  }

  /** Notes it, and passes a note of its own on to another journal. */
  @Operation({ input: 'unknown' })
  relay({ to, ...note }: Note & { readonly to: string }, ctx: EntityContext): number {
    ctx.signalEntity(Journal, to).note({ sender: `relay-${ctx.entityId.key}`, number: ++this.state.relayed });
    return this.note(note);
  }

  /** Blocks the whole process, as careless code does. */
  @Operation({ input: Number })
  spin(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }
}

/** Counts how often a timer of one orchestration has fired. */
@Entity('alarm')
export class Alarm {
  state = { rings: 0 };

  @Operation()
  ring(): void {
    this.state.rings++;
  }
}

/** An account that may be overdrawn by nobody. */
@Entity('purse')
export class Purse {
  state = { balance: 0 };

  @Operation({ input: Number })
  pay(amount: number): number {
    if (this.state.balance + amount < 0) throw new Error('Insufficient funds');
    return (this.state.balance += amount);
  }
}

const ledger = process.env['CHAOS_LEDGER'];

/** Each run of an activity leaves a line in a file of its process before anything else: a kill cannot take it back. */
export class Works {
  @Activity({ input: Number })
  step(value: number, ctx: ActivityContext): number {
    write(ctx);
    return stirred(value);
  }

  /** One transfer in four is refused, always the same ones. */
  @Activity({ input: String })
  approve(id: string, ctx: ActivityContext): boolean {
    write(ctx);
    return isApproved(id);
  }
}

function write(ctx: ActivityContext): void {
  if (ledger !== undefined) appendFileSync(ledger, `${ctx.idempotencyKey} ${ctx.attempt}\n`);
}

export const stirred = (value: number): number => (value * 31 + 7) % 1_000_003;

export const isApproved = (id: string): boolean => Number(id.slice(id.lastIndexOf('-') + 1)) % 4 !== 0;

/** Three activities, one after the other. */
@Orchestrator('chain')
export class Chain {
  @Run({ input: Number })
  *run(value: number, ctx: OrchestrationContext): Orchestration<number> {
    let result = value;
    for (let step = 0; step < 3; step++) result = yield* ctx.callActivity(Works).step(result);
    return result;
  }
}

/** Ten activities at once. */
@Orchestrator('fan')
export class Fan {
  @Run({ input: Number })
  *run(value: number, ctx: OrchestrationContext): Orchestration<number> {
    const parts = Array.from({ length: 10 }, (_, at) => ctx.callActivity(Works).step(value + at));
    return (yield* ctx.all(parts)).reduce((sum, part) => sum + part, 0);
  }
}

export interface Move {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

export type Moved = 'moved' | 'refused' | 'compensated';

/** Moves money between two purses; what was taken and is not approved is put back. */
@Orchestrator('move')
export class MoveMoney {
  @Run({ input: 'unknown' })
  *run({ from, to, amount }: Move, ctx: OrchestrationContext): Orchestration<Moved> {
    try {
      yield* ctx.callEntity(Purse, from).pay(-amount);
    } catch {
      return 'refused';
    }
    const isGood = yield* ctx.callActivity(Works).approve(ctx.instanceId);
    yield* ctx.callEntity(Purse, isGood ? to : from).pay(amount);
    return isGood ? 'moved' : 'compensated';
  }
}

/** When a timer was due, and when the orchestrator saw it fire, in milliseconds since 1970. */
export interface Fired {
  readonly due: number;
  readonly fired: number;
}

/** Rests, rings once, and tells the times. */
@Orchestrator('nap')
export class Nap {
  @Run({ input: Number })
  *run(milliseconds: number, ctx: OrchestrationContext): Orchestration<Fired> {
    const due = ctx.currentUtcDateTime.getTime() + milliseconds;
    yield* ctx.createTimer(new Date(due));
    ctx.signalEntity(Alarm, ctx.instanceId).ring();
    return { due, fired: ctx.currentUtcDateTime.getTime() };
  }
}

/** Waits for a word from outside. */
@Orchestrator('approval')
export class Approval {
  @Run()
  *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    return yield* ctx.waitForExternalEvent<number>('Word');
  }
}

/** Two chains as sub-orchestrations. */
@Orchestrator('parent')
export class Parent {
  @Run({ input: Number })
  *run(value: number, ctx: OrchestrationContext): Orchestration<number> {
    const [one, two] = yield* ctx.all([
      ctx.callSubOrchestrator(Chain, value, { instanceId: `${ctx.instanceId}-a` }),
      ctx.callSubOrchestrator(Chain, value + 1, { instanceId: `${ctx.instanceId}-b` }),
    ]);
    return one + two;
  }
}

export interface Round {
  readonly value: number;
  readonly left: number;
}

/** Three executions, each of one activity. */
@Orchestrator('rounds')
export class Rounds {
  @Run({ input: 'unknown' })
  *run({ value, left }: Round, ctx: OrchestrationContext): Orchestration<number> {
    const next = yield* ctx.callActivity(Works).step(value);
    if (left === 1) return next;
    ctx.continueAsNew({ value: next, left: left - 1 });
    return next;
  }
}

export const hosted = () => ({
  entities: [Journal, Alarm, Purse],
  orchestrators: [Chain, Fan, MoveMoney, Nap, Approval, Parent, Rounds],
  activities: [new Works()],
});
