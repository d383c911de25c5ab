/** What the workers of a chaos run host: each leaves behind whatever an oracle needs to tell lost from done twice. */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ActivityContext, EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run, Update } from 'perdure/decorators';
import { added, type Marks } from './marks.js';
import { Pot, Trading } from './pots.js';

/** Longer than a run takes, in milliseconds. */
const HOUR = 3_600_000;

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

  /** Blocks the whole process, as careless code does; the next owner, which carries it out again, is spared. */
  @Operation({ input: Number })
  spin(milliseconds: number, ctx: EntityContext): void {
    const mark = ledger === undefined ? undefined : join(dirname(ledger), ctx.entityId.key);
    if (mark !== undefined && existsSync(mark)) return;
    if (mark !== undefined) writeFileSync(mark, '');
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

/** Keeps the last cargo, which is too large for a message, and counts them. */
@Entity('hold')
export class Hold {
  state = { count: 0, text: '' };

  @Operation({ input: String })
  keep(text: string): number {
    this.state.text = text;
    return ++this.state.count;
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

/** A vault whose money is read and written apart: what comes in between is lost, unless there is a lock. */
@Entity('vault')
export class Vault {
  state = { balance: 0 };

  @Operation()
  balance(): number {
    return this.state.balance;
  }

  @Operation({ input: Number })
  become(balance: number): void {
    this.state.balance = balance;
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

/** The same by way of work queues, which any worker serves. */
export class Errands {
  @Activity({ input: Number, queue: 'errands' })
  fetch(value: number, ctx: ActivityContext): number {
    write(ctx);
    return stirred(value);
  }

  @Activity({ input: String, queue: 'haulage' })
  haul(text: string, ctx: ActivityContext): string {
    write(ctx);
    return `${text}!`;
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

/** Moves money between two vaults under a lock of both, with an activity between reading and writing. */
@Orchestrator('deal')
export class Deal {
  @Run({ input: 'unknown' })
  *run({ from, to, amount }: Move, ctx: OrchestrationContext): Orchestration<string> {
    using _lock = yield* ctx.lock([Vault, from], [Vault, to], { leaseInMilliseconds: HOUR });
    const left = yield* ctx.callEntity(Vault, from).balance();
    const right = yield* ctx.callEntity(Vault, to).balance();
    yield* ctx.callActivity(Works).step(amount);
    yield* ctx.callEntity(Vault, from).become(left - amount);
    yield* ctx.callEntity(Vault, to).become(right + amount);
    return 'dealt';
  }
}

/** Locks two vaults, and waits until somebody terminates it. */
@Orchestrator('squatter')
export class Squatter {
  @Run({ input: 'unknown' })
  *run({ from, to }: Move, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.lock([Vault, from], [Vault, to], { leaseInMilliseconds: HOUR });
    yield* ctx.waitForExternalEvent('Never');
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

/** Two activities of a work queue, one after the other. */
@Orchestrator('errand')
export class Errand {
  @Run({ input: Number })
  *run(value: number, ctx: OrchestrationContext): Orchestration<number> {
    return yield* ctx.callActivity(Errands).fetch(yield* ctx.callActivity(Errands).fetch(value));
  }
}

/** A text of more than 256 KiB: it travels in the object store. */
export const cargoOf = (value: number): string => `${value} `.padEnd(270_000, String(value));

export interface Load {
  readonly text: string;
  readonly hold: string;
}

/** Hands a large input to an activity elsewhere, and its large result to an entity; tells how it ends and how long it is. */
@Orchestrator('cargo')
export class Cargo {
  @Run({ input: 'unknown' })
  *run({ text, hold }: Load, ctx: OrchestrationContext): Orchestration<string> {
    const hauled = yield* ctx.callActivity(Errands).haul(text);
    yield* ctx.callEntity(Hold, hold).keep(hauled);
    return `${hauled.slice(-8)} ${hauled.length}`;
  }
}

export const hauled = (value: number): string => `${`${cargoOf(value)}!`.slice(-8)} 270001`;

/** Takes numbers by updates until it has enough, and tells them in their order. */
@Orchestrator('desk')
export class Desk {
  protected taken: number[] = [];

  @Run({ input: Number })
  *run(enough: number, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.waitUntil(() => this.taken.length >= enough);
    return this.taken.join(' ');
  }

  @Update({ input: Number })
  take(number: number): number {
    return this.taken.push(number);
  }
}

export const hosted = () => ({
  entities: [Journal, Alarm, Hold, Purse, Vault, Pot],
  orchestrators: [Chain, Fan, MoveMoney, Deal, Squatter, Nap, Approval, Parent, Rounds, Errand, Cargo, Desk, Trading],
  activities: [new Works(), new Errands()],
});
