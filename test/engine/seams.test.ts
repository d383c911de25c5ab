import test from 'ava';
import { IsInt } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Query, Run, Update } from 'perdure/decorators';
import type { Host } from '../../lib/engine/host.js';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type { Message } from '../../lib/wire/messages.js';
import type { Answer } from '../../lib/wire/queries.js';
import { ask, hostOf, MemoryWorker, outcomesAt, surroundings } from './surroundings.js';

let made = 0;

class Round {
  @IsInt() left!: number;
  @IsInt() made = ++made;
}

class Work {
  static isBroken = false;
  @Activity({ input: String }) flaky(load: string): string {
    if (Work.isBroken) throw new Error('broken');
    return load;
  }
  @Activity({ input: Number }) fill(length: number): string {
    return 'x'.repeat(length);
  }
}

/** Gathers what is said until the end is said. */
@Orchestrator('listener', { retention: 'purgeOnCompletion' })
class Listener {
  protected heard: string[] = [];
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    yield* ctx.callActivity(Work).fill(10);
    for (;;) {
      const word = yield* ctx.waitForExternalEvent<string>('say');
      if (word === 'end') return this.heard;
      this.heard.push(word);
    }
  }
  @Update({ input: String }) add(word: string): number {
    return this.heard.push(word);
  }
  @Query() words(): string[] {
    return this.heard;
  }
}

/** Has a long history. */
@Orchestrator('long')
class Long {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    for (let n = 0; n < 10; n++) yield* ctx.callActivity(Work).fill(20_000);
  }
}

/** Brings more than can be stored, at once. */
@Orchestrator('huge', { retention: 'purgeOnCompletion' })
class Huge {
  @Run() run(): string {
    return 'x'.repeat(5_000_000);
  }
}

/** Brings more than can be stored, at once, and could be asked. */
@Orchestrator('refused')
class RefusedStart {
  protected text = '';
  @Run() run(): string {
    return (this.text = 'x'.repeat(5_000_000));
  }
  @Query() size(): number {
    return this.text.length;
  }
}

/** Throws at once, as long as it is told to. */
@Orchestrator('thrower')
class Thrower {
  static isThrowing = true;
  protected runs = 0;
  @Run() run(): string {
    this.runs++;
    if (Thrower.isThrowing) throw new RangeError('no');
    return 'well';
  }
  @Query() count(): number {
    return this.runs;
  }
}

/** Hands a large input to an activity that fails at first. */
@Orchestrator('carrier')
class Carrier {
  @Run({ input: String }) *run(load: string, ctx: OrchestrationContext): Orchestration<number> {
    const [, got] = yield* ctx.all([ctx.callActivity(Work).flaky(load), ctx.waitForExternalEvent<string>('say')]);
    return load.length + got.length;
  }
}

/** A patch, updates that ask for activities, and an activity that fails. */
@Orchestrator('desk', { version: '3' })
class Desk {
  protected notes: string[] = [];
  protected isReady = false;
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string> {
    this.notes.push(ctx.patched('greets') ? 'hello' : 'nothing');
    yield* ctx.waitUntil(() => this.isReady);
    const done = yield* ctx.callActivity(Work).flaky('done');
    const late = ctx.patched('late') ? 'late' : 'never';
    return [...this.notes, done, late, ctx.version].join(' ');
  }
  @Update({ input: String }) note(note: string, ctx: OrchestrationContext): number {
    if (note === 'bad') throw new Error('no such note');
    ctx.callActivity(Work).fill(5);
    return this.notes.push(note);
  }
  @Update() go(): void {
    this.isReady = true;
  }
  @Query() all(): string[] {
    return this.notes;
  }
}

@Orchestrator('turner', { version: '1' })
class TurnerOne {
  @Run() run(round: Round, ctx: OrchestrationContext): void {
    ctx.continueAsNew({ left: round.left - 1 }, { version: '2' });
  }
}

@Orchestrator('turner', { version: '2' })
class TurnerTwo {
  #round: Round | undefined;
  @Run() *run(round: Round, ctx: OrchestrationContext): Orchestration<unknown> {
    this.#round = round;
    yield* ctx.waitForExternalEvent('end');
    return this.#round.made;
  }
  @Query() made(): number {
    return this.#round!.made;
  }
}

const reply = '_INBOX.seams';
const host = (): Host =>
  hostOf({
    orchestrators: [Listener, Long, Huge, RefusedStart, Thrower, Carrier, Desk, TurnerOne, TurnerTwo],
    activities: [new Work()],
  });

/** A hub with an owner of its only partition, and what clients do there. */
async function around(hosted = host()) {
  const world = surroundings(1, 1, { maxValueBytes: 2_000_000 });
  const { hub, client, settle, advance } = world;
  const told = outcomesAt(client.ports, reply);
  const own = async (name: string, by = hosted): Promise<MemoryWorker> => {
    const worker = new MemoryWorker(hub, name, by);
    await settle(worker.claim());
    return worker;
  };
  const send = async (id: string, message: object): Promise<void> => {
    await settle(client.send(orchestrationAddress(id), message as Message));
  };
  const start = (id: string, name: string, fields: object = {}) => send(id, { kind: 'start', name, ...fields });
  const say = (id: string, input: string) => send(id, { kind: 'event', name: 'say', input });
  const update = (id: string, name: string, input?: string) =>
    send(id, { kind: 'update', name, ...(input !== undefined && { input }), reply });
  const add = (id: string, input: string) => update(id, 'add', input);
  const control = (id: string, action: string) => send(id, { kind: 'control', action, reply });
  const head = (id: string) => settle(client.orchestrationHead(id));
  const query = async (id: string, name: string): Promise<Answer | undefined> =>
    (await ask(world, orchestrationAddress(id), { kind: 'query', instanceId: id, name }))[0];
  const stored = (): string[] => [...hub.streams(0).state.subjects()].filter((subject) => /\.[shw]\./.test(subject));
  const later = (milliseconds: number): number => world.world.time + milliseconds;
  return {
    ...world,
    told,
    own,
    start,
    say,
    add,
    update,
    control,
    head,
    query,
    stored,
    later,
    advance,
    worker: await own('w1'),
  };
}

test('events that came before a start for later are taken when its time has come, before what came behind it', async (t) => {
  for (const isReplaced of [false, true]) {
    const { say, start, advance, head, later, own, worker } = await around();
    for (const word of ['one', 'two']) await say('l', word);
    await start('l', 'listener', { startAt: later(10_000) });
    for (const word of ['three', 'end']) await say('l', word);
    await advance(5_000);
    if (isReplaced) {
      worker.connection.kill();
      await own('w2');
    }
    t.is((await head('l'))?.status, 'Pending');
    await advance(10_000);
    t.deepEqual((await head('l'))?.output, ['one', 'two', 'three']);
  }
});

test('of an instance that was purged nothing is left when an event comes for it at once', async (t) => {
  const { start, say, control, advance, stored, head } = await around();
  await start('l', 'long');
  await advance(2_000);
  t.true((await head('l'))!.segments.length > 0);
  await Promise.all([control('l', 'purge'), say('l', 'one')]);
  await advance(2_000);
  t.deepEqual(stored().length, 1, 'the head with the event');
});

test('P13: a copy of a purged instance’s head that arrives late is nothing to the owners that follow', async (t) => {
  const { start, say, control, advance, stored, head, hub, world, own, worker } = await around();
  const { state } = hub.streams(0);
  await start('l', 'listener');
  await say('l', 'before');
  await advance(1_000);
  const subject = stored().find((name) => name.includes('.s.'))!;
  const copy = state.latest(subject)!.body;
  await control('l', 'terminate');
  await control('l', 'purge');
  await advance(3_000);
  t.is(state.latest(subject), undefined);
  t.is(typeof state.store(subject, copy, world.time, { after: 0 }), 'number');
  worker.connection.kill();
  const second = await own('w2');
  await advance(3_000); // its checkpoint tells what the first one's did
  second.connection.kill();
  await own('w3');
  for (const word of ['after', 'end']) await say('l', word);
  await start('l', 'listener');
  await advance(2_000);
  t.deepEqual((await head('l'))?.output, ['after']);
});

test('updates that are held back are answered when another run takes the place of theirs', async (t) => {
  for (const startAt of [undefined, 60_000]) {
    const { start, add, control, advance, told, later } = await around();
    await start('l', 'listener');
    await control('l', 'suspend');
    await add('l', 'one');
    await advance(500);
    t.is(told.length, 1, 'it is suspended');
    await start('l', 'listener', { ifExists: 'replace', reply, ...(startAt && { startAt: later(startAt) }) });
    await advance(500);
    const outcomes = told.slice(1).map(({ failure }) => failure?.code ?? 'done');
    t.deepEqual(outcomes.toSorted(), ['PERDURE_INSTANCE_ENDED', 'done'], `start at ${startAt}`);
  }
});

test('an instance that was ended before it began says so to a query', async (t) => {
  const { start, control, query, advance, later } = await around();
  await start('l', 'listener', { startAt: later(10_000) });
  t.like(await query('l', 'words'), { failure: { code: 'PERDURE_BUSY' } });
  await control('l', 'terminate');
  await advance(500);
  t.like(await query('l', 'words'), { failure: { code: 'PERDURE_INSTANCE_ENDED' } });
});

test('an instance that is ended before it began is kept as long as its class says', async (t) => {
  const { start, control, advance, later, stored } = await around();
  await start('l', 'listener', { startAt: later(10_000) });
  await start('c', 'listener', { startAt: later(10_000) });
  await start('h', 'huge');
  await start('h2', 'huge', { startAt: later(1_000) });
  await control('l', 'terminate');
  await control('c', 'cancel');
  await advance(5_000);
  t.is(stored().filter((subject) => subject.includes('.s.')).length, 4);
  await advance(120_000);
  t.deepEqual(stored(), []);
});

test('what begins with more than can be stored has failed, and its history begins with its start', async (t) => {
  const { start, advance, later, head } = await around();
  const begin = later(0);
  await start('now', 'huge');
  await start('later', 'huge', { startAt: later(1_000) });
  await advance(2_000);
  for (const id of ['now', 'later']) {
    const { status, history, createdAt, updatedAt } = (await head(id))!;
    t.true(createdAt >= begin && updatedAt >= begin + (id === 'later' ? 1_000 : 0));
    t.is(status, 'Failed');
    t.deepEqual(
      history.map(({ type }) => type),
      ['ExecutionStarted', 'ExecutionFailed'],
      id,
    );
  }
});

test('what the class of an input adds is made once, also when the next version runs elsewhere', async (t) => {
  const { start, say, advance, own, worker, query, head } = await around(hostOf({ orchestrators: [TurnerOne] }));
  await start('r', 'turner', { input: { left: 7 } });
  await advance(500);
  await say('r', 'nothing');
  worker.connection.kill();
  const second = await own('w2', hostOf({ orchestrators: [TurnerTwo] }));
  await advance(500);
  const first = await query('r', 'made');
  second.connection.kill();
  await own('w3', hostOf({ orchestrators: [TurnerTwo] }));
  t.deepEqual(await query('r', 'made'), first);
  t.like((await head('r'))?.input, { left: 6, made: (first as { result: number }).result });
});

test.serial('large values outlive a rewind and a restart, and are gone after a purge', async (t) => {
  const { start, say, control, advance, head, own, worker, hub } = await around();
  const large = 'x'.repeat(400_000);
  Work.isBroken = true;
  await say('c', 'early');
  await start('c', 'carrier', { input: large });
  await advance(5_000);
  t.is((await head('c'))?.status, 'Failed');
  worker.connection.kill();
  const second = await own('w2');
  Work.isBroken = false;
  await control('c', 'rewind');
  await advance(5_000);
  t.like(await head('c'), { status: 'Completed', output: 400_005 });
  await control('c', 'restart');
  await say('c', 'again');
  await advance(5_000);
  t.like(await head('c'), { status: 'Completed', output: 400_005 });
  second.connection.kill();
  await own('w3');
  await control('c', 'restart');
  await say('c', 'again and again');
  await advance(5_000);
  t.like(await head('c'), { status: 'Completed', output: 400_015 });
  await control('c', 'purge');
  await advance(5_000);
  t.is(hub.objects.size, 0);
});

test.serial('a rewind keeps updates, patches and the version, and its history replays', async (t) => {
  const { start, update, query, control, advance, head, own, worker, told } = await around();
  Work.isBroken = true;
  await start('d', 'desk');
  for (const note of ['one', 'bad', 'two']) await update('d', 'note', note);
  await update('d', 'go');
  await advance(2_000);
  t.is(told.length, 4);
  t.is((await head('d'))?.status, 'Failed');
  worker.connection.kill();
  const second = await own('w2');
  await control('d', 'rewind');
  await advance(2_000);
  t.is((await head('d'))?.status, 'Failed', 'it is still broken');
  Work.isBroken = false;
  await control('d', 'rewind');
  await advance(2_000);
  const { output, history, version } = (await head('d'))!;
  t.is(output, 'hello one two done late 3');
  t.is(version, '3');
  t.is(history.filter(({ type }) => type === 'UpdateRequested').length, 4);
  t.deepEqual(
    told.slice(4).map(({ failure }) => failure),
    [undefined, undefined],
    'the rewinds, and no update a second time',
  );
  second.connection.kill();
  await own('w3');
  t.like(await query('d', 'all'), { result: ['hello', 'one', 'two'] });
});

test('a query of a start that was refused says that the instance has ended, and of what', async (t) => {
  const { start, query, advance, head } = await around();
  await start('h', 'refused');
  await advance(500);
  t.is((await head('h'))?.status, 'Failed');
  for (const name of ['size', 'unknown']) {
    const answer = await query('h', name);
    t.like(answer, { failure: { code: 'PERDURE_INSTANCE_ENDED', cause: { code: 'PERDURE_PAYLOAD_TOO_LARGE' } } });
  }
});

test('a query of code that threw in its first turn, and throws no more, is told of the difference', async (t) => {
  const { start, query, advance, head } = await around();
  Thrower.isThrowing = true;
  await start('t', 'thrower');
  await advance(500);
  t.is((await head('t'))?.status, 'Failed');
  t.like(await query('t', 'count'), { result: 1 });
  Thrower.isThrowing = false;
  t.like(await query('t', 'count'), { failure: { code: 'PERDURE_NON_DETERMINISM' } });
});
