import test from 'ava';
import { connectTaskHub, EntityContext, EntityOperationFailedError, TaskHubClient } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { gate, Node } from '../engine/nodes.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from '../worker/stage.js';

/** What operations of entities do, and what becomes of them, on a real server. */

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

/** Until it is called, slow operations wait. */
let go = (): void => {};

@Entity('till', { keepHistory: 10, mailboxLimit: 20 })
class Till {
  state = { cents: 0 as unknown };
  @Operation({ input: Number }) add(cents: number, ctx: EntityContext): number {
    const sum = Number(this.state.cents) + cents;
    this.state.cents = sum;
    ctx.signalEntity(Audit, 'a').note(`${sum}`);
    if (sum < 0) throw new RangeError('There is not so much in it');
    return sum;
  }
  @Operation() spoil(_: void, ctx: EntityContext): void {
    ctx.signalEntity(Audit, 'a').note('spoilt');
    this.state.cents = 5n;
  }
  @Operation({ timeoutInMilliseconds: 300 }) async hang(_: void, ctx: EntityContext): Promise<void> {
    this.state.cents = 1_000;
    ctx.signalEntity(Audit, 'a').note('hung');
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
  }
  @Operation({ input: Number }) async slowly(cents: number): Promise<void> {
    await new Promise<void>((resolve) => (go = resolve));
    this.state.cents = Number(this.state.cents) + cents;
  }
  @Operation() close(_: void, ctx: EntityContext): boolean {
    ctx.deleteState();
    return ctx.isNewlyConstructed;
  }
  @Operation({ readonly: true }) isNew(_: void, ctx: EntityContext): boolean {
    return ctx.isNewlyConstructed;
  }
}

@Entity('audit')
class Audit {
  state = [] as string[];
  @Operation({ input: String }) note(text: string): void {
    this.state.push(text);
  }
}

const hosted = { entities: [Till, Audit, Node] };

/** The code of each failure, and what else came of some calls. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((each) => {
    if (each.status === 'fulfilled') return each.value;
    const { failureDetails } = each.reason as EntityOperationFailedError;
    return failureDetails.code ?? failureDetails.name;
  });
}

test.serial(
  'on a real server: what fails, hangs or cannot be stored changes and sends nothing, and the rest of the batch goes on',
  async (t) => {
    await using stage = await Stage.on(server, 'failures');
    const { client } = stage;
    await stage.start(hosted);
    const till = () => client.callEntity(Till, 't');
    const calls = [till().add(5), till().add(-10), till().spoil(), till().hang(), till().add(1)];
    const failures = ['RangeError', 'PERDURE_UNSERIALIZABLE', 'PERDURE_OPERATION_TIMEOUT'];
    t.deepEqual(await outcomes(calls), [5, ...failures, 6]);
    t.deepEqual((await client.readEntityState(Till, 't')).entityState, { cents: 6 });
    await until(async () => (await client.readEntityState(Audit, 'a')).entityState?.length === 2, 'both notes');
    t.deepEqual((await client.readEntityState(Audit, 'a')).entityState, ['5', '6']);
  },
);

test.serial('on a real server: a full mailbox is busy, and inspect says why', async (t) => {
  await using stage = await Stage.on(server, 'busy');
  const { client } = stage;
  await stage.start(hosted);
  await outcomes([client.callEntity(Till, 't').add(-1)]);
  const slow = client.callEntity(Till, 't').slowly(1);
  const inspect = async () => {
    const status = await client.entities.inspect(Till, 't');
    if (status.worker === undefined) throw new Error('It has no owner');
    return status;
  };
  await until(async () => (await inspect()).running?.operation === 'slowly', 'the slow one to run');
  const calls = Array.from({ length: 20 }, () => client.callEntity(Till, 't').add(1));
  await until(async () => (await inspect()).waiting === 20, 'the others to wait');
  t.deepEqual(await outcomes([client.callEntity(Till, 't').add(1)]), ['PERDURE_BUSY']);
  const status = await inspect();
  t.like(status, { waiting: 20, exists: false, running: { operation: 'slowly', calls: [] } });
  t.like(status.lastFailure, { operation: 'add' });
  t.true(status.running!.since! <= status.waitingSince!);
  go();
  await slow;
  t.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 20 }, (_, at) => at + 2),
  );
});

test.serial(
  'on a real server: former states are there after a restart of everything, and go with the entity',
  async (t) => {
    await using stage = await Stage.on(server, 'former');
    const { client } = stage;
    const first = await stage.start(hosted);
    t.true(await client.callEntity(Till, 't').isNew());
    for (const cents of [1, 10, 100]) await client.callEntity(Till, 't').add(cents);
    t.false(await client.callEntity(Till, 't').isNew());
    await first.stop();
    await server.killAndRestart();
    await stage.start(hosted);
    await client.callEntity(Till, 't').add(1_000);
    const changes = await client.entities.history(Till, 't');
    t.deepEqual(
      changes.map(({ number, operation }) => [number, operation]),
      [1, 2, 3, 4].map((number) => [number, 'add']),
    );
    const states = await Promise.all(
      changes.map(async ({ time }) => (await client.readEntityState(Till, 't', { asOf: time })).entityState?.cents),
    );
    t.deepEqual(states, [1, 11, 111, 1_111]);
    t.is((await client.readEntityState(Till, 't', { asOf: 2 })).entityState?.cents, 11);
    const seen = () => client.readEntityState(Till, 't', { consistency: 'eventual' });
    await until(async () => (await seen()).entityState?.cents === 1_111, 'the view to show it');
    t.is((await seen()).source, 'view');
    t.false(await client.callEntity(Till, 't').close());
    t.deepEqual(await client.entities.history(Till, 't'), []);
    await until(async () => !(await seen()).entityExists, 'nothing of it to be stored');
  },
);

test.serial(
  'on a real server: operations of two clients that wait for each other are told the cycle, and the others go on',
  async (t) => {
    await using stage = await Stage.on(server, 'cycles', 4);
    const hub = await connectTaskHub({ name: 'cycles', servers: server.url });
    const other = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });
    t.teardown(async () => {
      await other.close();
      await hub.close();
    });
    await stage.start(hosted);
    await stage.start(hosted);
    const owners = async () => new Set((await stage.client.inspect()).map(({ worker }) => worker));
    await until(async () => (await owners()).size === 2, 'both workers to own partitions');
    const inspect = async (key: string) => {
      const status = await stage.client.entities.inspect(Node, key);
      return status.worker === undefined ? undefined : status.running?.operation;
    };
    for (let round = 0; round < 10; round++) {
      const [a, b, c] = ['a', 'b', 'c'].map((key) => `${key}${round}`) as [string, string, string];
      gate.shut();
      const calls = [
        stage.client.callEntity(Node, a).go([b]),
        other.callEntity(Node, b).go([c, a]),
        stage.client.callEntity(Node, c).go([]),
      ];
      await until(async () => (await inspect(a)) === 'go' && (await inspect(b)) === 'go', 'both to run');
      const began = performance.now();
      gate.open();
      await Promise.all(calls);
      t.true(performance.now() - began < 20_000, 'long before their time limits of 60 s');
      const nodes = await Promise.all([a, b, c].map(async (key) => stage.client.callEntity(Node, key).all()));
      const refused = nodes.flatMap((node) => node.refused);
      t.true(refused.length > 0);
      for (const text of refused) t.regex(text, /^PERDURE_CALL_CYCLE e\.node\.(\w+) (?:e\.node\.\w+ )+e\.node\.\1$/);
      const ended = nodes.reduce((sum, node) => sum + node.ended, 0);
      t.is(ended + refused.length, 6, 'what was refused was not carried out');
    }
  },
);
