import test from 'ava';
import { ActivationCache } from '../../lib/engine/activation-cache.js';
import { connectTaskHub, OrchestrationContext, TaskHubClient, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { PartitionOwner, type OwnerOptions } from '../../lib/engine/partition-owner.js';
import { createHost } from '../../lib/worker/host.js';
import { startTestServer, type TestServer } from '../servers.js';

const steps = 1_000;

/** Longer than it takes an owner to notice that an instance is idle. */
const rest = 3_000;

/** What a step makes of the value before: another order, or a step left out or done twice, gives another end. */
const stirred = (value: number, step: number): number => (value * 31 + step) % 1_000_003;
const expected = Array.from({ length: steps }, (_, step) => step).reduce(stirred, 1);

class Stirring {
  calls = 0;

  @Activity({ input: [Number] })
  stir([value, step]: [number, number]): number {
    this.calls++;
    return stirred(value, step);
  }
}

/** A thousand activities, one after the other, with a rest in the middle. */
@Orchestrator('long')
class Long {
  @Run()
  *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    let value = 1;
    for (let step = 0; step < steps; step++) {
      if (step === steps / 2) yield* ctx.createTimer(rest);
      value = yield* ctx.callActivity(Stirring).stir([value, step]);
    }
    return value;
  }
}

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

/** Runs two of them, which rest at the same time, and tells how many events were replayed. */
async function runTwo(name: string, options: OwnerOptions) {
  await using hub = await connectTaskHub({ name, servers: server.url, partitions: 1 });
  const stirring = new Stirring();
  const host = createHost(name, { orchestrators: [Long], activities: [stirring] });
  const owner = new PartitionOwner(0, hub.ports, host, options);
  await owner.claim();
  const client = new TaskHubClient(hub);
  const handles = await Promise.all([client.startNew(Long), client.startNew(Long)]);
  const results = await Promise.all(handles.map((handle) => handle.result()));
  const { replayedEvents } = owner;
  await client.close();
  await owner.stop();
  return { results, replayedEvents, calls: stirring.calls };
}

test('an instance that stays in memory is never replayed', async (t) => {
  t.deepEqual(await runTwo('resident', {}), { results: [expected, expected], replayedEvents: 0, calls: 2 * steps });
});

test('an evicted instance is rebuilt by replay and ends as if nothing had happened', async (t) => {
  const { results, replayedEvents, calls } = await runTwo('evicted', { activations: new ActivationCache(1) });
  t.deepEqual({ results, calls }, { results: [expected, expected], calls: 2 * steps });
  // At least the first half of one: a scheduling and a completion each step.
  t.true(replayedEvents > steps, `${replayedEvents} events were replayed`);
});
