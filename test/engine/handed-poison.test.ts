/** docs/adr/0055: what ends its process is found also when another partition of the same process sends it. */
import test from 'ava';
import type { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { hostOf, MemoryClient, MemoryWorker, neighbours, recordingLogger } from './surroundings.js';

const PARTITIONS = 2;
const keyIn = (partition: number): string =>
  ['a', 'b', 'c', 'd', 'e', 'f'].find(
    (key) => partitionOf(entityAddress({ name: 'fuse', key }), PARTITIONS) === partition,
  )!;

test('a message that kills whoever takes it kills five times at most when it was handed over', async (t) => {
  let [kill, deaths] = [(): void => {}, 0];

  @Entity('fuse')
  class Fuse {
    state = { seen: 0 };
    @Operation() burn(): void {
      kill();
      this.state.seen++;
    }
    @Operation({ input: String }) light(key: string, ctx: EntityContext): void {
      this.state.seen++;
      ctx.signalEntity('fuse', key, 'burn');
    }
  }

  const world = new MemoryWorld({ seed: 1 });
  const hub = world.createHub('test', PARTITIONS);
  const { scheduler } = world;
  const client = new MemoryClient(hub, 'client');
  const lines: string[] = [];
  const host = hostOf({ entities: [Fuse] });
  const start = async (): Promise<void> => {
    const worker = new MemoryWorker(hub, `w${deaths}`, host, neighbours(host), recordingLogger(lines));
    let isDead = false;
    kill = () => {
      if (!isDead) deaths++;
      isDead = true;
      worker.connection.kill();
    };
    // The receiver is there before its sender begins.
    void worker.owners[0]!.claim();
    await scheduler.advance(1_000);
    void worker.owners[1]!.claim();
    await scheduler.advance(9_000);
  };
  await start();
  await scheduler.settle(client.signal('fuse', keyIn(1), 'light', keyIn(0)));
  await scheduler.advance(1_000);
  t.is(deaths, 1);
  for (let lives = 0; lives < 8; lives++) await start();
  t.true(deaths <= 5, `${deaths} deaths`);
  t.regex(lines.join('\n'), /Quarantined/);
});
