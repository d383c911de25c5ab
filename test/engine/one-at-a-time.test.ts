import test from 'ava';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { hostOf, MemoryWorker, surroundings } from './surroundings.js';

let finish = (): void => {};
const outside = (): Promise<void> => new Promise((resolve) => (finish = resolve));

@Entity('diary')
class Diary {
  state = { entries: [] as string[] };
  @Operation() async relay(_none: void, context: EntityContext): Promise<void> {
    await outside();
    this.state.entries.push('relay');
    context.signalEntity('diary', context.entityId.key, 'add', 'relayed');
  }
  @Operation() async slow(): Promise<void> {
    await outside();
    this.state.entries.push('slow');
  }
  @Operation({ input: String }) add(entry: string): void {
    this.state.entries.push(entry);
  }
}

test('C6: a signal of an operation to its own entity waits while the next operation runs', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Diary] }));
  await settle(worker.claim());
  await settle(client.signal('diary', 'd', 'relay'));
  await settle(client.signal('diary', 'd', 'slow'));
  for (const _operation of ['relay', 'slow']) {
    await advance(500);
    finish();
  }
  await advance(500);
  t.deepEqual((await settle(client.entityHead('diary', 'd')))?.state, { entries: ['relay', 'slow', 'relayed'] });
});
