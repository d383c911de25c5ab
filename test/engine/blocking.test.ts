import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Query, Run } from 'perdure/decorators';
import { StepServer } from '../../lib/engine/step-server.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, orchestrationAddress } from '../../lib/wire/addresses.js';
import { ask, hostOf, MemoryClient, MemoryWorker, recordingLogger, servedWith } from './surroundings.js';

/** How far user code has moved the time of its process. */
let hogging = 0;
/** What an operation or activity waits for. */
let pause: () => Promise<void> = () => Promise.resolve();

@Entity('hog')
class Hog {
  state = 0;
  @Operation({ input: Number }) spin(milliseconds: number): void {
    hogging += milliseconds;
    this.state++;
  }
  @Operation({ input: Number }) async later(milliseconds: number): Promise<void> {
    await pause();
    hogging += milliseconds;
    await pause();
    this.state++;
  }
}

@Orchestrator('farm')
class Farm {
  @Query() look(): number {
    hogging += 1_500;
    return 1;
  }
  @Run({ input: [String] }) *run(names: string[], context: OrchestrationContext): Orchestration<void> {
    yield* context.all(names.map((name) => context.callActivity(name, 1_500)));
  }
}

class Work {
  @Activity({ input: Number }) plow(milliseconds: number): void {
    hogging += milliseconds;
  }
  @Activity({ input: Number }) async sow(milliseconds: number): Promise<void> {
    await pause();
    hogging += milliseconds;
  }
  @Activity({ input: Number }) async rest(): Promise<void> {
    await pause();
    await pause();
  }
}

const hosted = { entities: [Hog], orchestrators: [Farm], activities: [new Work()] };

/** A worker whose time user code can move, and what it was told of blocked processes. */
async function surroundings(host = hostOf(hosted), options = {}) {
  const world = new MemoryWorld();
  const { scheduler } = world;
  const hub = world.createHub('test', 1);
  const lines: string[] = [];
  const client = new MemoryClient(hub, 'client');
  const worker = new MemoryWorker(hub, 'w', host, options, recordingLogger(lines));
  const moveable = ({ clock }: { clock: { now(): number } }): void => {
    const now = clock.now.bind(clock);
    clock.now = () => now() + hogging;
  };
  moveable(worker.connection);
  pause = () => new Promise((resolve) => void scheduler.after(400, resolve));
  await scheduler.settle(worker.claim());
  await scheduler.advance(100);
  return {
    hub,
    client,
    lines,
    moveable,
    advance: (milliseconds: number) => scheduler.advance(milliseconds),
    send: (sent: Promise<void>) => scheduler.settle(sent),
    told: () => lines.filter((line) => line.includes('nothing else ran')),
  };
}

test.serial('a step that keeps the process from everything else is told with its instance', async (t) => {
  const { client, send, advance, told } = await surroundings();
  await send(client.signal('hog', 'h', 'spin', 900));
  await send(client.signal('hog', 'h', 'spin', 1_500));
  await advance(500);
  t.is(told().length, 1);
  t.regex(told()[0]!, /^e\.hog\.h: A step took 1500 ms/);
});

test.serial('an operation that blocks behind its await is told with its instance', async (t) => {
  const { client, send, advance, told } = await surroundings();
  await send(client.signal('hog', 'mild', 'later', 900));
  await advance(2_000);
  t.deepEqual(told(), []);
  await send(client.signal('hog', 'h', 'later', 1_500));
  await advance(2_000);
  t.is(told().length, 1);
  t.regex(told()[0]!, /^e\.hog\.h: A step was under way for at least 1\d\d\d ms in which nothing else ran: it held/);
});

test.serial('an activity that blocks is told with its name and its instance', async (t) => {
  const { client, send, advance, told } = await surroundings();
  await send(client.start('farm', 'f', ['plow']));
  await advance(500);
  t.is(told().length, 1);
  t.regex(told()[0]!, /^o\.f: Activity "plow" took 1500 ms/);
});

test.serial('an activity that blocks behind its await is told, with the others that were under way', async (t) => {
  const { client, send, advance, told } = await surroundings();
  await send(client.start('farm', 'alone', ['sow']));
  await advance(2_000);
  t.is(told().length, 1);
  t.regex(told()[0]!, /^o\.alone: Activity "sow" was under way .*: it held the process up/);
  await send(client.start('farm', 'both', ['sow', 'rest']));
  await advance(2_000);
  t.is(told().length, 2);
  t.regex(told()[1]!, /^o\.both: Activity "sow" .*: one of those held .*"also":"Activity \\"rest\\" of o\.both"/);
});

test.serial('synchronous code that blocks is told alone, whatever else is under way', async (t) => {
  const { client, send, advance, told } = await surroundings();
  await send(client.start('farm', 'f', ['rest']));
  await advance(100);
  await send(client.signal('hog', 'h', 'spin', 5_000));
  await advance(3_000);
  t.is(told().length, 1);
  t.regex(told()[0]!, /^e\.hog\.h: A step took 5000 ms/);
});

test.serial('a query that blocks is told with its instance, also of one that has ended', async (t) => {
  const around = await surroundings();
  const { client, send, advance, told } = around;
  const query = { kind: 'query', instanceId: 'f', name: 'look' };
  await send(client.start('farm', 'f', ['rest']));
  await advance(100);
  await ask(around, orchestrationAddress('f'), query);
  await advance(3_000);
  await ask(around, orchestrationAddress('f'), query);
  t.is(told().length, 2);
  for (const line of told()) t.regex(line, /^o\.f: A query took 1500 ms/);
});

test.serial('a step for another owner that blocks is told with its instance, where it ran', async (t) => {
  const directory = { workersWith: () => ['code'], onChange: () => ({ close: () => {} }) };
  const { hub, client, send, advance, told, moveable } = await surroundings(hostOf({}), { directory });
  const lines: string[] = [];
  const connection = hub.connect('code');
  moveable(connection);
  const ports = memoryHubPorts(connection, recordingLogger(lines));
  const server = new StepServer(ports, hostOf(hosted), 'code', servedWith(ports));
  await send(client.signal('hog', 'sync', 'spin', 1_500));
  await advance(1_000);
  await send(client.signal('hog', 'async', 'later', 1_500));
  await advance(2_000);
  t.deepEqual(told(), []);
  t.is(lines.length, 2, lines.join('\n'));
  t.true(lines[0]?.startsWith(`${entityAddress({ name: 'hog', key: 'sync' })}: A step took 1500 ms`));
  t.true(lines[1]?.startsWith(`${entityAddress({ name: 'hog', key: 'async' })}: A step was under way`));
  server.close();
});
