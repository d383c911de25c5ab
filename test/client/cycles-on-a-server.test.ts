import test from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { gate, Holding, Node } from '../engine/nodes.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from '../worker/stage.js';

/** Calls and locks that wait for each other in a circle, on a real server. */

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

const hosted = { entities: [Node], orchestrators: [Holding] };

test.serial(
  'on a real server: a call of what a critical section has locked is told the cycle when that waits for its caller, which goes on',
  async (t) => {
    await using stage = await Stage.on(server, 'held', 4);
    const hub = await connectTaskHub({ name: 'held', servers: server.url });
    t.teardown(() => hub.close());
    const other = new TaskHubClient(hub);
    await stage.start(hosted);
    await stage.start(hosted);
    const { client } = stage;
    const inspect = (key: string) => client.entities.inspect(Node, key);
    const runs = async (key: string): Promise<boolean> => {
      const status = await inspect(key);
      return status.worker !== undefined && status.running?.operation === 'go';
    };
    const isAwaited = async (key: string): Promise<boolean> => {
      const status = await inspect(key);
      return status.worker !== undefined && status.waiting > 0;
    };
    for (let round = 0; round < 5; round++) {
      const [a, f, g] = ['a', 'f', 'g'].map((key) => `${key}${round}`) as [string, string, string];
      // Its request waits for g, or it has called f, which calls g.
      const held = round % 2 === 0 ? { keys: [a, g] } : { keys: [a, f], path: [f, g] as const };
      gate.shut();
      const call = other.callEntity(Node, g).go([a]);
      await until(() => runs(g), 'g to run');
      const handle = await client.startNew(Holding, held, { instanceId: `h${round}` });
      await until(() => (round % 2 === 0 ? isAwaited(g) : runs(f)), 'the section to wait');
      const began = performance.now();
      gate.open();
      t.is(await handle.result(), 'done');
      await call;
      t.true(performance.now() - began < 20_000, 'long before their time limits of 60 s');
      const nodes = await Promise.all([a, f, g].map(async (key) => client.callEntity(Node, key).all()));
      const refused = nodes.flatMap((node) => node.refused);
      t.true(refused.length > 0);
      for (const text of refused) {
        t.regex(text, /^PERDURE_CALL_CYCLE (\S+) (?:\S+ )+\1$/);
        t.true(text.includes(` o.h${round} `) && text.includes(` e.node.${a}`), text);
      }
      const ended = nodes.reduce((sum, node) => sum + node.ended, 0);
      t.is(ended + refused.length, round % 2 === 0 ? 2 : 4, 'what was refused was not carried out');
    }
  },
);
