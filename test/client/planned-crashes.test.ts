import test, { type ExecutionContext } from 'ava';
import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { hostOf } from '../engine/surroundings.js';
import { everyDeath, lastCalls, type Mortal } from './worker-deaths.js';

type Note = readonly [text: string, due: number, at: number];

/** Notes what comes with the time at which it was due, and when it came. */
@Entity('clock')
class Clock {
  state = { notes: [] as Note[] };
  @Operation({ input: 'unknown' }) note([text, due]: [string, number], ctx: EntityContext): void {
    this.state.notes.push([text, due, ctx.currentUtcDateTime.getTime()]);
  }
  /** Sends a signal for later to another clock, and sets a reminder that calls a third one. */
  @Operation({ input: 'unknown' }) plan([time, other, third]: [number, string, string], ctx: EntityContext): void {
    ctx.signalEntity(Clock, other, { signalAt: new Date(time) }).note(['entity', time]);
    ctx.setReminder('visit', { input: [third, time], firstTime: new Date(time) });
  }
  @Operation({ input: 'unknown' }) async visit([key, due]: [string, number], ctx: EntityContext): Promise<void> {
    await ctx.callEntity(Clock, key).note(['visit', due]);
    this.state.notes.push(['was there', due, ctx.currentUtcDateTime.getTime()]);
  }
  @Operation() forget(_none: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
}

@Orchestrator('later')
class Later {
  @Run({ input: Number }) *run(due: number, ctx: OrchestrationContext): Orchestration<void> {
    ctx.signalEntity(Clock, 'b', { signalAt: new Date(due) }).note(['orchestration', due]);
    yield* ctx.createTimer(1);
  }
}

const hosted = () => hostOf({ entities: [Clock], orchestrators: [Later] });
const clocks = ['a', 'b', 'c'];

/** Operations of times from everybody who can send them. */
async function plannedOver(t: ExecutionContext, { around, what, outlived }: Mortal): Promise<void> {
  const { client, world } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const due = Math.floor(world.time) + 200;
  const sent = (async () => {
    await client.signalEntity(Clock, 'b', { signalAt: new Date(due) }).note(['client', due]);
    await client.signalEntity(Clock, 'a').plan([due, 'b', 'c']);
    await client.startNew(Later, due, { instanceId: 'later' });
  })();
  await outlived(sent);
  await around.advance(3_000);
  const notes = new Map<string, readonly Note[]>();
  for (const key of clocks) notes.set(key, (await settle(client.readEntityState(Clock, key))).entityState?.notes ?? []);
  const texts = (key: string): string[] => notes.get(key)!.map(([text]) => text);
  t.deepEqual(texts('b').toSorted(), ['client', 'entity', 'orchestration'], what);
  t.deepEqual([texts('a'), texts('c')], [['was there'], ['visit']], what);
  for (const [text, wanted, at] of [...notes.values()].flat()) t.true(at >= wanted, `${what}: ${text}`);
  for (const key of clocks) await settle(client.signalEntity(Clock, key).forget());
  await around.advance(3_000);
  for (const partition of [0, 1])
    for (const subject of around.hub.streams(partition).state.subjects()) t.notRegex(subject, /\.[sw]\.e\./, what);
  t.true(world.time > due);
}

for (const fault of lastCalls)
  test(`C4: an owner that dies at each of its calls neither loses nor repeats an operation of a time: ${fault}`, (t) =>
    everyDeath(t, fault, hosted, (mortal) => plannedOver(t, mortal)));
