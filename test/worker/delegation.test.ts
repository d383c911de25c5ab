import test from 'ava';
import { TaskHubClient } from 'perdure';
import { Activity } from 'perdure/decorators';
import type { Hosted } from '../../lib/definitions/registry.js';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { SeededRandom } from '../../lib/memory/random.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { partitionOf } from '../../lib/wire/addresses.js';
import { TaskHubWorker } from '../../lib/worker/task-hub-worker.js';
import { amount } from '../amount.js';
import { recordingLogger } from '../contract/harness.js';
import { Collecting, Countdown, Counting, Diary, Errand, Greeter, Herald, Journey, Ledger, Sleep } from './services.js';

const partitions = 4;

/** A task hub in virtual time, workers of several services on it, and a client. */
function surroundings(seed = 1) {
  let faults: FaultPlan = { next: () => 'none' };
  const world = new MemoryWorld({ seed, faults: { next: (call) => faults.next(call) } });
  const hub = world.createHub('test', partitions);
  const lines: string[] = [];
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const keep = (line: string, { instance }: { readonly instance: string }): void =>
    void lines.push(`${instance}: ${line}`);
  const ports = (name: string) => {
    const connection = hub.connect(name);
    return { connection, ports: memoryHubPorts(connection, { ...recordingLogger([]), warn: keep, error: keep }) };
  };
  const start = async (name: string, hosted: Hosted) => {
    const { connection, ports: own } = ports(name);
    return { connection, worker: await settle(TaskHubWorker.start({ ports: own }, hosted)) };
  };
  const client = new TaskHubClient(ports('client'), { timeoutInMilliseconds: 120_000 });
  return {
    world,
    hub,
    lines,
    client,
    ports,
    settle,
    start,
    advance: (ms: number) => world.scheduler.advance(ms),
    fail: (plan: FaultPlan) => void (faults = plan),
  };
}

type World = ReturnType<typeof surroundings>;

/** Three services, each with classes of its own. */
async function startServices({ start, advance }: World) {
  const flows = await start('flows', { orchestrators: [Journey, Counting, Collecting, Countdown, Herald] });
  const books = await start('books', { entities: [Ledger] });
  const rest = await start('rest', { entities: [Diary], orchestrators: [Sleep], activities: [new Greeter()] });
  await advance(500); // the partitions have moved
  return { flows, books, rest };
}

const keys = Array.from({ length: 12 }, (_, n) => `k${n}`);

async function state<T>({ client, settle }: World, entity: string, key: string): Promise<T> {
  return (await settle(client.readEntityState<T>(entity, key))).entityState as T;
}

test('services with different classes share a hub: each runs what it registered, whoever owns the instance', async (t) => {
  const world = surroundings();
  const { client, settle, advance, lines } = world;
  await startServices(world);
  const begun = world.world.scheduler.now;
  for (const key of keys) {
    const journey = await settle(client.startNew<unknown[]>('journey', key, { instanceId: key }));
    t.deepEqual(await settle(journey.result()), [5, 'slept', `Hello, ${journey.instanceId}!`]);
    t.is(await settle(client.callEntity<number>('ledger', key, 'add', 2)), 7);
  }
  t.true(world.world.scheduler.now - begun < keys.length * 200, 'somebody waited for a slow look');
  await advance(1_000);
  for (const key of keys) t.deepEqual(await state(world, 'diary', key), { notes: ['been there'] });
  t.deepEqual(lines, []);
});

test('what fails elsewhere fails here: user code, a bad input, an unknown operation; and the entity is as before', async (t) => {
  const world = surroundings();
  const { client, settle } = world;
  await startServices(world);
  for (const key of keys) {
    await settle(client.callEntity('ledger', key, 'add', 1));
    await t.throwsAsync(settle(client.callEntity('ledger', key, 'fail')), { message: /no$/ });
    const bad = await t.throwsAsync(settle(client.callEntity('ledger', key, 'add', 'much')));
    t.like(bad, { failureDetails: { code: 'PERDURE_INVALID_INPUT' } });
    t.deepEqual(await state(world, 'ledger', key), { lines: ['1'], sum: 1 });
  }
});

test('a state that is too large fails the operation elsewhere, too, and the next one finds it as it was before', async (t) => {
  const world = surroundings();
  const { client, settle } = world;
  await startServices(world);
  for (const key of keys.slice(0, 6)) {
    t.is(await settle(client.callEntity<number>('ledger', key, 'write', 1)), 1);
    const error = await t.throwsAsync(settle(client.callEntity('ledger', key, 'write', 17_000_000)));
    t.like(error, { failureDetails: { code: 'PERDURE_PAYLOAD_TOO_LARGE' } });
    t.is(await settle(client.callEntity<number>('ledger', key, 'write', 1)), 2);
    t.is(await settle(client.callEntity<number>('ledger', key, 'write', 1)), 3);
  }
});

test('who waits for the end of an instance is told it by the owner, also when its last step is run elsewhere', async (t) => {
  const world = surroundings();
  const { client, settle, advance, ports } = world;
  await startServices(world);
  const other = new TaskHubClient(ports('other'));
  for (const key of keys) {
    await settle(client.startNew<string>('sleep', 5_000, { instanceId: key }));
    await advance(100);
    const begun = world.world.scheduler.now;
    t.is(await settle(other.getHandle<string>(key).result()), 'slept');
    t.true(world.world.scheduler.now - begun < 5_000, 'it was asked for');
  }
});

test('an orchestration that continues as new is the same elsewhere', async (t) => {
  const world = surroundings();
  const { client, settle } = world;
  await startServices(world);
  for (const key of keys.slice(0, 4)) {
    const handle = await settle(client.startNew<string>('countdown', 5, { instanceId: key }));
    t.is(await settle(handle.result()), 'lift-off');
  }
  t.like(await state(world, 'ledger', 'countdown'), { sum: 20 });
});

test('while no worker has a name its instances wait, are told of, and the others go on; then they run at once', async (t) => {
  const world = surroundings();
  const { client, settle, advance, start, lines } = world;
  const rest = await start('rest', { entities: [Diary], orchestrators: [Sleep], activities: [new Greeter()] });
  await settle(rest.worker.stop());
  await start('books', { entities: [Ledger] });
  t.deepEqual(await settle(client.namesWithoutWorker()), {
    names: [
      { kind: 'entity', name: 'diary', waitingInstances: 0 },
      { kind: 'activity', name: 'greet', waitingInstances: 0 },
      { kind: 'orchestrator', name: 'sleep', waitingInstances: 0 },
    ],
    uncountedPartitions: 0,
  });
  const sleeping = [];
  for (let n = 0; n < 3; n++) sleeping.push(await settle(client.startNew<string>('sleep', 5)));
  for (const key of keys) {
    await settle(client.signalEntity('ledger', key, 'tell', key));
    await settle(client.signalEntity('diary', key, 'note', 'from a client'));
  }
  const called = client.callEntity<number>('diary', 'k0', 'note', 'called');
  for (const key of keys) t.is(await settle(client.callEntity<number>('ledger', key, 'add', 1)), 1);
  await advance(30_000);
  t.deepEqual(await settle(client.namesWithoutWorker()), {
    names: [
      { kind: 'entity', name: 'diary', waitingInstances: keys.length },
      { kind: 'orchestrator', name: 'sleep', waitingInstances: 3 },
      { kind: 'activity', name: 'greet', waitingInstances: 0 },
    ],
    uncountedPartitions: 0,
  });
  await start('rest', { entities: [Diary], orchestrators: [Sleep], activities: [new Greeter()] });
  const begun = world.world.scheduler.now;
  t.true((await settle(called)) > 0);
  for (const handle of sleeping) t.is(await settle(handle.result()), 'slept');
  t.true(world.world.scheduler.now - begun < 1_000);
  await advance(1_000);
  for (const key of keys) {
    const { notes } = await state<{ notes: string[] }>(world, 'diary', key);
    const expected = [`from ${key}`, 'from a client', ...(key === 'k0' ? ['called'] : [])];
    t.deepEqual(notes.toSorted(), expected.toSorted());
  }
  t.deepEqual((await settle(client.namesWithoutWorker())).names, []);
  t.deepEqual(lines, []);
});

class HeavyPress {
  @Activity({ queue: 'heavy' }) press(): string {
    return 'pressed';
  }
}
class LightPress {
  @Activity({ queue: 'light' }) press(): string {
    return 'pressed';
  }
}
class HeavyGreeter {
  @Activity({ queue: 'heavy' }) greet(): string {
    return 'hello';
  }
}

test('an activity that nobody registered is told of, with how many calls wait and in which queue', async (t) => {
  const world = surroundings();
  const { client, settle, advance, start, lines } = world;
  await start('flows', { orchestrators: [Errand], activities: [new HeavyPress()] });
  const errands = [];
  for (const [name, queue] of [['greet'], ['greet'], ['greet', 'heavy'], ['press', 'light'], ['press', 'heavy']]) {
    const handle = await settle(client.startNew<string>('errand', { name, queue }));
    if (name === 'press' && queue === 'heavy') t.is(await settle(handle.result()), 'pressed');
    else errands.push(handle);
  }
  await advance(30_000);
  t.deepEqual(await settle(client.namesWithoutWorker()), {
    names: [
      { kind: 'activity', name: 'greet', waitingInstances: 2 },
      { kind: 'activity', name: 'greet', queue: 'heavy', waitingInstances: 1 },
      { kind: 'activity', name: 'press', queue: 'light', waitingInstances: 1 },
    ],
    uncountedPartitions: 0,
  });
  for (const handle of errands) t.is((await settle(handle.status())).runtimeStatus, 'Running');
  t.regex(lines[0] ?? '', /Queue heavy has a request for activity "greet", which this worker has not registered/);
  await start('rest', { activities: [new HeavyGreeter()] });
  await start('light', { activities: [new LightPress()] });
  await advance(30_000);
  for (const handle of errands) t.regex(await settle(handle.result()), /^(hello|pressed)$/);
  t.deepEqual((await settle(client.namesWithoutWorker())).names, []);
});

test('of activities of which many calls wait in one queue all are counted', async (t) => {
  const { client, settle, advance, start } = surroundings();
  await start('flows', { orchestrators: [Errand] });
  for (let n = 0; n < 150; n++) await settle(client.startNew<string>('errand', { name: 'greet' }));
  await advance(1_000);
  t.deepEqual((await settle(client.namesWithoutWorker())).names, [
    { kind: 'activity', name: 'greet', waitingInstances: 150 },
  ]);
});

test('a worker whose instances wait stops as fast as ever, and what waits waits in the next one', async (t) => {
  const world = surroundings();
  const { client, settle, advance, start } = world;
  await settle((await start('rest', { entities: [Diary] })).worker.stop());
  const books = await start('books', { entities: [Ledger] });
  for (const key of keys) await settle(client.signalEntity('diary', key, 'note', 'a'));
  await advance(100);
  const begun = world.world.scheduler.now;
  await settle(books.worker.stop());
  t.true(world.world.scheduler.now - begun < 1_000);
  t.like(await settle(client.namesWithoutWorker()), { uncountedPartitions: partitions });
  await start('flows', { orchestrators: [Journey] });
  await advance(100);
  t.like((await settle(client.namesWithoutWorker())).names[0], { name: 'diary', waitingInstances: keys.length });
  await start('rest', { entities: [Diary] });
  await advance(1_000);
  for (const key of keys) t.deepEqual(await state(world, 'diary', key), { notes: ['a'] });
});

test('a worker that dies in the middle of a step is given up, and the step is run by another', async (t) => {
  const world = surroundings();
  const { client, settle, start, advance } = world;
  await start('books', { entities: [Ledger] });
  const rests = [await start('rest-1', { entities: [Diary] }), await start('rest-2', { entities: [Diary] })];
  await advance(500);
  const called = keys.map((key) => client.callEntity<number>('diary', key, 'slowly', 'a'));
  await advance(1.1);
  rests[0]!.connection.kill();
  const begun = world.world.scheduler.now;
  for (const call of called) t.is(await settle(call), 1);
  t.true(world.world.scheduler.now - begun < 11_000);
});

test('a step that takes long is waited for as long as its worker lives', async (t) => {
  const world = surroundings();
  const { client, settle, start, advance, ports, hub } = world;
  await start('books', { entities: [Ledger] });
  await start('rest', { entities: [Diary] });
  await advance(500);
  let requests = 0;
  ports('spy').ports.bus.subscribe(`pd.${hub.name}.x.*`, () => void requests++);
  for (const key of keys) await settle(client.signalEntity('diary', key, 'never', 'x'));
  await advance(300_000);
  t.true(requests > 0 && requests < keys.length, `${requests} requests`); // those that the worker itself does not own
  t.deepEqual(world.lines, []);
});

test('a long history is sent once, and then only what is new', async (t) => {
  const world = surroundings();
  const { client, settle, ports, hub } = world;
  const { flows } = await startServices(world);
  const sizes: number[] = [];
  ports('spy').ports.bus.subscribe(`pd.${hub.name}.x.*`, ({ length }) => void sizes.push(length));
  const handles = [];
  for (const key of keys.slice(0, 4))
    handles.push(await settle(client.startNew<number>('counting', 200, { instanceId: key })));
  for (const handle of handles) t.true((await settle(handle.result())) >= 200);
  t.true(sizes.length > 400, `${sizes.length} messages`);
  const large = sizes.filter((size) => size > 1_500);
  t.true(large.length < 10, `${large.length} of ${sizes.length} messages are large`);
  t.truthy(flows);
});

test('an instance that is larger than a message is sent in parts', async (t) => {
  const world = surroundings();
  const { client, settle, ports, hub } = world;
  await startServices(world);
  const sizes: number[] = [];
  ports('spy').ports.bus.subscribe(`pd.${hub.name}.x.*`, ({ length }) => void sizes.push(length));
  const text = 'x'.repeat(400_000);
  for (const key of keys.slice(0, 6)) {
    const handle = await settle(client.startNew<number>('collecting', 6, { instanceId: key }));
    for (let n = 0; n < 6; n++) await settle(client.raiseEvent(key, 'text', text));
    t.is(await settle(handle.result()), 6 * text.length);
  }
  t.true(Math.max(...sizes) <= 1_048_576);
});

test('events before a start, labels and lines of the log go along to where the code is', async (t) => {
  const world = surroundings();
  const { client, settle, advance, lines } = world;
  await startServices(world);
  for (const key of keys.slice(0, 6)) {
    const herald = await settle(client.startNew<string>('herald', [key, 'ab', 'c']));
    const started = await settle(herald.result());
    await advance(100); // on its way to another partition
    t.is(await settle(client.getHandle(started).result()), 'slept');
    t.deepEqual((await settle(client.getHandle(started).status())).tags, { of: key });
    const tags = { customer: key };
    const collecting = await settle(client.startNew<number>('collecting', 2, { instanceId: key, tags }));
    t.is(await settle(collecting.result()), 3);
    t.deepEqual((await settle(collecting.status())).tags, tags);
  }
  t.is(lines.filter((line) => line.includes('has sent 2')).length, 6);
});

test('P17: a step elsewhere begins when the record of its input is acknowledged', async (t) => {
  const world = surroundings();
  const { client, settle, advance, ports, hub } = world;
  await startServices(world);
  const early: string[] = [];
  // The record takes a while, and a step that did not wait for it would be asked for before.
  world.fail({ next: ({ port, operation }) => (port === 'log' && operation === 'append' ? { delay: 50 } : 'none') });
  ports('spy').ports.bus.subscribe(`pd.${hub.name}.x.*`, (message) => {
    const text = new TextDecoder().decode(message);
    const from = /from (k\d+)/.exec(text)?.[1];
    if (from === undefined) return;
    const records = Array.from({ length: partitions }, (_, partition) => [...hub.streams(partition).log.all()]).flat();
    if (!records.some(({ body }) => new TextDecoder().decode(body).includes(`from ${from}`))) early.push(from);
  });
  // To a diary of the same partition: what it is told is part of the record.
  const besides = keys.map((key) => {
    const partition = partitionOf(`e.ledger.${key}`, partitions);
    for (let n = 0; ; n++)
      if (partitionOf(`e.diary.${key}-${n}`, partitions) === partition) return [key, `${key}-${n}`] as const;
  });
  for (const [key, to] of besides) await settle(client.signalEntity('ledger', key, 'tell', to));
  await advance(2_000);
  for (const [key, to] of besides) t.deepEqual(await state(world, 'diary', to), { notes: [`from ${key}`] });
  t.deepEqual(early, []);
});

for (let seed = 1; seed <= amount(6, 100); seed++)
  test(`lost and late messages and dying workers change nothing of what comes out: seed ${seed}`, async (t) => {
    const world = surroundings(seed);
    const { client, settle, advance, start, fail } = world;
    const random = new SeededRandom(seed);
    const services = {
      flows: { orchestrators: [Journey, Countdown] },
      books: { entities: [Ledger] },
      rest: { entities: [Diary], orchestrators: [Sleep], activities: [new Greeter()] },
    };
    const running = [];
    for (const [name, hosted] of Object.entries(services))
      for (const n of [1, 2]) running.push(await start(`${name}-${n}`, hosted));
    fail({
      next: ({ connection }) => {
        if (connection === 'client') return 'none';
        const dice = random.below(100);
        if (dice < 3) return 'requestLost';
        if (dice < 6) return 'responseLost';
        return dice < 10 ? { delay: random.below(3_000) } : 'none';
      },
    });
    const journeys = [];
    for (const key of keys)
      journeys.push(await settle(client.startNew<unknown[]>('journey', key, { instanceId: key })));
    for (const key of keys) await settle(client.signalEntity('ledger', key, 'tell', key));
    for (let deaths = 0; deaths < 3; deaths++) {
      await advance(random.below(3_000));
      running[2 * deaths + random.below(2)]!.connection.kill(); // one of each service stays
    }
    for (const journey of journeys)
      t.deepEqual(await settle(journey.result()), [5, 'slept', `Hello, ${journey.instanceId}!`]);
    fail({ next: () => 'none' });
    await advance(30_000);
    for (const key of keys) {
      t.deepEqual(await state(world, 'ledger', key), { lines: ['5'], sum: 5 });
      const { notes } = await state<{ notes: string[] }>(world, 'diary', key);
      t.deepEqual(notes.toSorted(), ['been there', `from ${key}`]);
    }
  });
