import test, { type ExecutionContext } from 'ava';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { KillAt, type LastCall } from '../engine/kill-at.js';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

/** Changes that are kept of entities, and reads of former states (docs/adr/0057). */

interface Line {
  readonly text: string;
}

@Entity('paper', { keepHistory: 10 })
class Paper {
  state = { lines: [] as Line[], title: '' };
  @Operation({ input: String }) add(text: string): number {
    return this.state.lines.push({ text });
  }
  @Operation({ input: String }) name(title: string): void {
    this.state.title = title;
  }
  @Operation() swap(): void {
    this.state = { title: this.state.title, lines: this.state.lines.toReversed() };
  }
  @Operation() refuse(): void {
    this.state.lines = [];
    throw new Error('no');
  }
  @Operation({ readonly: true }) count(): number {
    return this.state.lines.length;
  }
  @Operation() burn(_none: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
}

/** The same without a history. */
@Entity('paper')
class Forgetful {
  state = { lines: [] as Line[], title: '' };
  @Operation({ input: String }) name(title: string): void {
    this.state.title = title;
  }
}

/** The next version of it. */
@Entity('paper', { keepHistory: 3, stateVersion: 2 })
class Book {
  state = { pages: [] as string[] };
  static migrate(old: unknown): Book['state'] {
    return { pages: (old as Paper['state']).lines.map(({ text }) => text) };
  }
  @Operation({ input: String }) write(text: string): void {
    this.state.pages.push(text);
  }
}

/** Its state is no object. */
@Entity('meter', { keepHistory: 1_000 })
class Meter {
  state = 0;
  @Operation({ input: Number }) add(by: number): number {
    return (this.state += by);
  }
}

async function opened(...entities: readonly (new () => { state: unknown })[]) {
  const around = new Surroundings();
  const worker = await around.work('worker', hostOf({ entities }));
  return { ...tools(around), worker };
}

function tools(around: Surroundings) {
  const { client } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const changes = async (options?: { consistency: 'eventual' }): Promise<string[]> =>
    (await settle(client.entities.history('paper', 'k', options))).map(
      ({ number, operation }) => `${number} ${operation}`,
    );
  const asOf = async (at: Date | number): Promise<unknown> =>
    (await settle(client.readEntityState('paper', 'k', { asOf: at }))).entityState;
  const notKept = async (at: Date | number): Promise<unknown> =>
    (await rejection(around, () => client.readEntityState('paper', 'k', { asOf: at }))).code;
  return { around, client, settle, changes, asOf, notKept };
}

const lines = (...texts: string[]): Line[] => texts.map((text) => ({ text }));

test('every change is told with its number, time and operation, and each former state can be read', async (t) => {
  const { around, client, settle, changes, asOf } = await opened(Paper);
  const paper = client.callEntity(Paper, 'k');
  const times: Date[] = [new Date(around.world.time)];
  const step = async (call: Promise<unknown>): Promise<void> => {
    await settle(call.catch(() => {}));
    await around.advance(1_000);
    times.push(new Date(around.world.time));
  };
  await step(paper.add('a'));
  await step(paper.name('one'));
  await step(paper.refuse());
  await step(paper.add('b'));
  await step(paper.swap());
  await step(paper.name('one'));
  await settle(paper.count());
  const told = ['1 add', '2 name', '3 add', '4 swap'];
  t.deepEqual(await changes(), told, 'what fails, reads or changes nothing is no change');
  t.deepEqual(await changes({ consistency: 'eventual' }), told);
  const states = [
    undefined,
    { lines: lines('a'), title: '' },
    { lines: lines('a'), title: 'one' },
    { lines: lines('a', 'b'), title: 'one' },
    { lines: lines('b', 'a'), title: 'one' },
  ];
  for (const [number, state] of states.entries()) t.deepEqual(await asOf(number), state, `${number}`);
  for (const [at, number] of [0, 1, 2, 2, 3, 4, 4].entries())
    t.deepEqual(await asOf(times[at]!), states[number], `${at}`);
  const [first] = await settle(client.entities.history(Paper, 'k'));
  t.true(first!.time >= times[0]! && first!.time <= times[1]!);
  t.like(await settle(client.readEntityState(Paper, 'k', { asOf: 0 })), { entityExists: false, source: 'owner' });
  t.like(await settle(client.readEntityState(Paper, 'k', { asOf: 1, consistency: 'eventual' })), {
    entityState: { title: '' },
    source: 'view',
  });
});

test('of many changes the last ones are kept, and what was before is not known', async (t) => {
  const { client, settle, changes, asOf, notKept } = await opened(Paper);
  for (let at = 1; at <= 25; at++) await settle(client.callEntity(Paper, 'k').add(`${at}`));
  t.deepEqual(
    await changes(),
    Array.from({ length: 10 }, (_, at) => `${at + 16} add`),
  );
  t.is(((await asOf(15)) as Paper['state']).lines.length, 15, 'the state before the first one that is kept');
  t.is(await notKept(14), 'PERDURE_HISTORY_NOT_KEPT');
  t.is(await notKept(0), 'PERDURE_HISTORY_NOT_KEPT');
  t.is(await notKept(26), 'PERDURE_HISTORY_NOT_KEPT');
  t.is(await notKept(new Date(0)), 'PERDURE_HISTORY_NOT_KEPT');
  t.is(((await asOf(new Date(9e12))) as Paper['state']).lines.length, 25);
});

test('a state that is no object has a history as well', async (t) => {
  const { client, settle } = await opened(Meter);
  for (let at = 1; at <= 5; at++) await settle(client.callEntity(Meter, 'm').add(at));
  const read = async (asOf: number) => (await settle(client.readEntityState(Meter, 'm', { asOf }))).entityState;
  t.deepEqual([await read(0), await read(1), await read(3), await read(5)], [undefined, 1, 6, 15]);
});

test('changes take bounded room: older ones go, and one that is too large by itself ends what is known', async (t) => {
  const { around, client, settle, changes, asOf, notKept } = await opened(Paper);
  const paper = client.callEntity(Paper, 'k');
  const long = (text: string): string => text.repeat(20_000);
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) await settle(paper.name(long(text)));
  t.deepEqual(await changes(), ['4 name', '5 name', '6 name'], 'three times 20,000 characters');
  t.is(((await asOf(3)) as Paper['state']).title, long('c'));
  await settle(paper.name('g'.repeat(100_000)));
  await settle(paper.name('h'));
  await settle(paper.name('i'));
  t.deepEqual(await changes(), ['8 name', '9 name']);
  t.is(((await asOf(8)) as Paper['state']).title, 'h');
  t.is(await notKept(7), 'PERDURE_HISTORY_NOT_KEPT');
  await around.advance(1_000);
  const bodies = [0, 1].flatMap((p) => [...around.hub.streams(p).state.all()]).map(({ body }) => body.length);
  t.true(Math.max(...bodies) < 80_000);
});

test('a history goes with its entity, and another begins with the next one', async (t) => {
  const { around, client, settle, changes } = await opened(Paper);
  await settle(client.callEntity(Paper, 'k').add('a'));
  await settle(client.callEntity(Paper, 'k').burn());
  t.deepEqual(await changes(), []);
  await around.advance(2_000);
  for (const partition of [0, 1])
    for (const subject of around.hub.streams(partition).state.subjects()) t.notRegex(subject, /\.s\.e\.paper/);
  await settle(client.callEntity(Paper, 'k').name('new'));
  t.deepEqual(await changes(), ['1 name']);
});

test('code that keeps no history ends it: nothing wrong is told', async (t) => {
  const { around, client, settle, changes, notKept, worker } = await opened(Paper);
  await settle(client.callEntity(Paper, 'k').add('a'));
  await settle(worker.stop());
  const second = await around.work('second', hostOf({ entities: [Forgetful] }));
  t.deepEqual(await changes(), ['1 add'], 'as long as nothing changes');
  await settle(client.callEntity('paper', 'k', 'name', 'b'));
  t.deepEqual(await changes(), []);
  t.is(await notKept(1), 'PERDURE_HISTORY_NOT_KEPT');
  await settle(second.stop());
  await around.work('third', hostOf({ entities: [Paper] }));
  await settle(client.callEntity(Paper, 'k').name('c'));
  t.deepEqual(await changes(), ['1 name']);
  t.is(await notKept(new Date(0)), 'PERDURE_HISTORY_NOT_KEPT');
});

test('a former state of an older version is read as the class has it, by name as it was', async (t) => {
  const { around, client, settle, changes, asOf, worker } = await opened(Paper);
  await settle(client.callEntity(Paper, 'k').add('a'));
  await settle(client.callEntity(Paper, 'k').add('b'));
  await settle(worker.stop());
  await around.work('second', hostOf({ entities: [Book] }));
  await settle(client.callEntity(Book, 'k').write('c'));
  await settle(client.callEntity(Book, 'k').write('d'));
  t.deepEqual(await changes(), ['2 add', '3 write', '4 write'], 'so many as the new class keeps');
  t.deepEqual(await asOf(2), { lines: lines('a', 'b'), title: '' });
  t.deepEqual(await settle(client.readEntityState(Book, 'k', { asOf: 2 })), {
    entityExists: true,
    entityState: { pages: ['a', 'b'] },
    source: 'owner',
    stateVersion: 2,
  });
  t.deepEqual((await settle(client.readEntityState(Book, 'k', { asOf: 3 }))).entityState, { pages: ['a', 'b', 'c'] });
  t.is((await rejection(around, () => client.readEntityState(Paper, 'k', { asOf: 3 }))).code, 'PERDURE_STATE_TOO_NEW');
  t.deepEqual((await settle(client.readEntityState(Paper, 'k', { asOf: 2 }))).entityState, {
    lines: lines('a', 'b'),
    title: '',
  });
});

test('what is no time and no number of a change is refused, and so is an entity that nobody knows', async (t) => {
  const { around, client } = await opened(Paper);
  const code = async (call: () => unknown) => (await rejection(around, call)).code;
  for (const asOf of [-1, 1.5, Infinity, '1', null])
    t.is(await code(() => client.readEntityState('paper', 'k', { asOf: asOf as never })), 'PERDURE_CONFIG', `${asOf}`);
  t.is(await code(() => client.readEntityState('paper', 'k', { asOf: new Date(NaN) })), 'PERDURE_INVALID_TIME');
  t.is(await code(() => client.entities.history('nobody', 'k')), 'PERDURE_UNKNOWN_ENTITY');
  t.is(await code(() => client.entities.history('paper', '')), 'PERDURE_INVALID_ID');
  t.is(await code(() => client.entities.history('paper', 'k', { consistency: 'x' as never })), 'PERDURE_CONFIG');
});

/** A paper that is written while its owner dies at its nth call. */
async function written(t: ExecutionContext, n: number, fault: LastCall): Promise<number> {
  const plan = new KillAt(n, fault);
  const around = new Surroundings({ seed: n, faults: plan });
  const { client, changes, asOf, settle } = tools(around);
  const victim = around.begin('victim', hostOf({ entities: [Paper] }));
  plan.onKill = () => victim.connection.kill();
  await around.advance(20);
  const sent = (async () => {
    for (let at = 1; at <= 8; at++) {
      await client.signalEntity(Paper, 'k').add(`${at}`);
      if (at % 3 === 0) await client.signalEntity(Paper, 'k').refuse();
    }
  })();
  await around.advance(1_000);
  await around.work('successor', hostOf({ entities: [Paper] }));
  await settle(sent);
  await around.advance(1_000);
  const what = `killed at call ${n} (${fault})`;
  t.deepEqual(
    await changes(),
    Array.from({ length: 8 }, (_, at) => `${at + 1} add`),
    what,
  );
  for (const number of [1, 4, 8])
    t.deepEqual(
      ((await asOf(number)) as Paper['state']).lines.map(({ text }) => Number(text)),
      Array.from({ length: number }, (_, at) => at + 1),
      what,
    );
  return plan.calls;
}

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`C4: an owner that dies at each of its calls notes every change once: ${fault}`, async (t) => {
    t.timeout(600_000);
    let n = 1;
    while ((await written(t, n, fault)) >= n) n += process.env['PERDURE_VERIFY'] ? 1 : 3;
    t.true(n > 20, `${n} calls`);
  });
