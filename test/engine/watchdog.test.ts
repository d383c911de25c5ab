import test from 'ava';
import { Entity, Operation } from 'perdure/decorators';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { Counter } from './bank.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger } from './surroundings.js';

/** The server keeps silent to calls of one kind. */
class Silence implements FaultPlan {
  port: PortCall['port'] | undefined;
  next({ port, connection }: PortCall): Fault {
    return connection === 'w' && port === this.port ? 'requestLost' : 'none';
  }
}

for (const [port, loop] of [
  ['log', 'the commit of a record'],
  ['views', 'the storing of heads'],
] as const)
  test(`a loop that stands still is told once, with what the partition looks like: ${loop}`, async (t) => {
    const faults = new Silence();
    const world = new MemoryWorld({ faults });
    const { scheduler } = world;
    const hub = world.createHub('test', 1);
    const lines: string[] = [];
    const client = new MemoryClient(hub, 'client');
    const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Counter] }), {}, recordingLogger(lines));
    await scheduler.settle(worker.claim());
    await scheduler.settle(client.signal('counter', 'k', 'add', 'w'));
    await scheduler.advance(1_000);
    faults.port = port;
    await scheduler.settle(client.signal('counter', 'k', 'add', 'x'));
    const stuck = () => lines.filter((line) => line.includes(`Stuck: ${loop}`));
    await scheduler.advance(8_000);
    t.deepEqual(stuck(), []);
    await scheduler.advance(30_000);
    t.is(stuck().length, 1);
    t.regex(stuck()[0]!, /^partition 0: .* has waited for 1\d s .*\\"epoch\\":1,/);
    faults.port = undefined;
    await scheduler.advance(5_000);
    t.deepEqual((await scheduler.settle(client.entityHead('counter', 'k')))?.state, { seen: ['w', 'x'] });
  });

@Entity('hog')
class Hog {
  state = 0;
  @Operation({ input: Number }) spin(milliseconds: number): void {
    hogging += milliseconds;
    this.state++;
  }
}
/** How far the operations have moved the time. */
let hogging = 0;

test('a step that keeps the process from everything else is told with its instance', async (t) => {
  const world = new MemoryWorld();
  const { scheduler } = world;
  const hub = world.createHub('test', 1);
  const lines: string[] = [];
  const client = new MemoryClient(hub, 'client');
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Hog] }), {}, recordingLogger(lines));
  const { clock } = worker.connection;
  const now = clock.now.bind(clock);
  clock.now = () => now() + hogging;
  await scheduler.settle(worker.claim());
  await scheduler.settle(client.signal('hog', 'h', 'spin', 900));
  await scheduler.settle(client.signal('hog', 'h', 'spin', 1_500));
  await scheduler.advance(500);
  const told = lines.filter((line) => line.includes('nothing else ran'));
  t.is(told.length, 1);
  t.regex(told[0]!, /^e\.hog\.h: A step took 1500 ms/);
});
