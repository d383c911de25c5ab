import test from 'ava';
import {
  ActivityContext,
  connectTaskHub,
  OrchestrationContext,
  TaskHubClient,
  TaskHubWorker,
  type Orchestration,
} from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

@Entity('list')
class List {
  state: string[] = [];
  @Operation({ input: String }) add(word: string): string[] {
    this.state.push(word);
    return [...this.state];
  }
}

class Places {
  readonly runs: string[] = [];
  constructor(private readonly hub: string) {}
  @Activity({ queue: 'places' }) where(word: string, { instanceId }: ActivityContext): string {
    this.runs.push(`${instanceId} ${word}`);
    return this.hub;
  }
}

/** Uses the work queue, a timer, another partition and an event. */
@Orchestrator('tour')
class Tour {
  @Run({ input: String }) *run(word: string, ctx: OrchestrationContext): Orchestration<readonly unknown[]> {
    const place = yield* ctx.callActivity<Places>().where(word);
    yield* ctx.createTimer(10);
    const words = yield* ctx.callEntity(List, 'k').add(word);
    const event = yield* ctx.waitForExternalEvent<string>('go');
    return [place, words, event];
  }
}

/** A hub with its own worker and client, all of whose names and ids are those of the other one. */
async function hubOf(t: { teardown(fn: () => unknown): void }, name: string) {
  const hub = await connectTaskHub({ name, servers: server.url, partitions: 2 });
  t.teardown(() => hub.close());
  const places = new Places(name);
  const hosted = { entities: [List], orchestrators: [Tour], activities: [places] };
  const worker = await TaskHubWorker.start(hub, hosted);
  t.teardown(() => worker.stop());
  return { name, places, worker, client: new TaskHubClient(hub) };
}

test('two hubs on one server have nothing of each other, whatever the ids, and though one name begins with the other', async (t) => {
  const hubs = await Promise.all(['shop', 'shop-0'].map((name) => hubOf(t, name)));
  await Promise.all(
    hubs.map(async ({ name, client, places }) => {
      const tour = await client.startNew(Tour, name, { instanceId: 'same' });
      await client.signalEntity(List, 'other').add(name);
      await tour.raiseEvent('go', name);
      t.deepEqual(await tour.result(), [name, [name], name]);
      t.deepEqual(await client.callEntity(List, 'other').add('again'), [name, 'again']);
      t.deepEqual(places.runs, [`same ${name}`]);
      t.deepEqual((await client.namesWithoutWorker()).names, []);
    }),
  );
  const [first, second] = hubs as [(typeof hubs)[0], (typeof hubs)[0]];
  // What ends in one goes on in the other.
  await first.worker.stop();
  t.deepEqual(await second.client.callEntity(List, 'k').add('later'), ['shop-0', 'later']);
  t.true((await first.client.inspect()).every(({ worker }) => worker === undefined));
  t.true((await second.client.inspect()).every(({ worker }) => worker !== undefined));
  t.deepEqual((await first.client.readEntityState(List, 'k')).entityState, ['shop']);
});
