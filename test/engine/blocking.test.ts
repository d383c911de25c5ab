import test from 'ava';
import { Entity, Operation } from 'perdure/decorators';
import { MemoryWorld } from '../../lib/memory/world.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger } from './surroundings.js';

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
