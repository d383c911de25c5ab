import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { MemoryTaskHub } from './memory-world.js';
import { waiter } from './waiter.js';

/** It has something to own, and no orchestrators. */
@Entity('counter')
class Counter {
  state = 0;
  @Operation() add(): number {
    return ++this.state;
  }
}

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

async function begin(hub: MemoryTaskHub, ids: readonly string[] = keys): Promise<void> {
  for (const id of ids) await hub.settle(hub.client.startNew('waiter', undefined, { instanceId: id }));
  await hub.advance(500);
}

/** Asks for a version, as any program on the wire can. */
async function beginWith(hub: MemoryTaskHub, id: string, version: string): Promise<void> {
  const { ports } = hub.connect(`starter-${id}`);
  const address = orchestrationAddress(id);
  const partition = partitionOf(address, ports.partitions);
  const subject = partitionSubjects(ports.name, partition).mail(address);
  await hub.settle(
    ports.mailOf(partition).send(subject, encodeMessage({ kind: 'start', name: 'waiter', version, id: `start-${id}` })),
  );
  await hub.advance(500);
}

async function go(hub: MemoryTaskHub, ids: readonly string[] = keys): Promise<void> {
  for (const id of ids) await hub.settle(hub.client.raiseEvent(id, 'Go'));
}

async function results(hub: MemoryTaskHub, ids: readonly string[] = keys): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const id of ids) found.push(await hub.settle(hub.client.getHandle(id).result()));
  return found;
}

const versionOf = async (hub: MemoryTaskHub, id: string): Promise<unknown> => {
  const [first] = await hub.settle(hub.client.getHandle(id).history());
  return first?.type === 'ExecutionStarted' ? first.version : first;
};

test('a worker runs several versions side by side: an instance keeps the one that it began with', async (t) => {
  const hub = new MemoryTaskHub();
  const old = await hub.start('old', { orchestrators: [waiter('1.9')] });
  await begin(hub);
  t.is(await versionOf(hub, 'a'), '1.9');
  await hub.stop(old);
  await hub.start('new', { orchestrators: [waiter('1.9'), waiter('1.10')] });
  await begin(hub, ['new']);
  t.is(await versionOf(hub, 'new'), '1.10', 'the newest');
  await beginWith(hub, 'asked', '1.9');
  await go(hub, [...keys, 'new', 'asked']);
  t.deepEqual(await results(hub, [...keys, 'new', 'asked']), [...keys.map(() => '1.9'), '1.10', '1.9']);
});

test('an instance goes to a worker of its version, whoever owns it', async (t) => {
  const hub = new MemoryTaskHub();
  await hub.start('one', { orchestrators: [waiter('1')] });
  await begin(hub);
  await hub.start('two', { orchestrators: [waiter('2')] });
  await hub.start('none', { entities: [Counter] });
  await hub.advance(1_000); // partitions have moved
  await beginWith(hub, 'asked', '2');
  await beginWith(hub, 'asked-too', '1');
  const ids = [...keys, 'asked', 'asked-too'];
  await go(hub, ids);
  t.deepEqual(await results(hub, ids), [...keys.map(() => '1'), '2', '1']);
  t.deepEqual(hub.lines, []);
});

test('while no worker has its version an instance waits and is told of; others go on', async (t) => {
  const hub = new MemoryTaskHub();
  const old = await hub.start('old', { orchestrators: [waiter('1')] });
  await begin(hub);
  await hub.stop(old);
  await hub.start('new', { orchestrators: [waiter('2')] });
  await beginWith(hub, 'early', '3');
  await begin(hub, ['new']);
  await go(hub, [...keys, 'new']);
  t.deepEqual(await results(hub, ['new']), ['2']);
  await hub.advance(30_000);
  t.deepEqual(await hub.settle(hub.client.namesWithoutWorker()), {
    names: [
      { kind: 'orchestrator', name: 'waiter@1', waitingInstances: keys.length },
      { kind: 'orchestrator', name: 'waiter@3', waitingInstances: 1 },
    ],
    uncountedPartitions: 0,
  });
  t.like(await hub.settle(hub.client.getHandle('a').status()), { runtimeStatus: 'Running' });
  await hub.start('both', { orchestrators: [waiter('1'), waiter('3')] });
  await hub.advance(1_000);
  await go(hub, ['early']);
  t.deepEqual(await results(hub, [...keys, 'early']), [...keys.map(() => '1'), '3']);
  t.deepEqual((await hub.settle(hub.client.namesWithoutWorker())).names, []);
});

test('code that says so runs instances of older versions, or of any', async (t) => {
  const hub = new MemoryTaskHub();
  const old = await hub.start('old', { orchestrators: [waiter('1'), waiter('5')] });
  await beginWith(hub, 'one', '1');
  await beginWith(hub, 'five', '5');
  await hub.stop(old);
  const two = await hub.start('two', { orchestrators: [waiter('2', 'currentOrOlder')] });
  await go(hub, ['one', 'five']);
  t.deepEqual(await results(hub, ['one']), ['2']);
  await hub.advance(1_000);
  t.deepEqual((await hub.settle(hub.client.namesWithoutWorker())).names, [
    { kind: 'orchestrator', name: 'waiter@5', waitingInstances: 1 },
  ]);
  await hub.start('any', { orchestrators: [waiter(undefined, 'none')] });
  t.deepEqual(await results(hub, ['five']), ['none']);
  await hub.stop(two);
});

test('an instance that began without a version is run by any code of its name', async (t) => {
  const hub = new MemoryTaskHub();
  const old = await hub.start('old', { orchestrators: [waiter()] });
  await begin(hub);
  t.is(await versionOf(hub, 'a'), undefined);
  await hub.stop(old);
  await hub.start('new', { orchestrators: [waiter('2'), waiter('3')] });
  await go(hub);
  t.deepEqual(
    await results(hub),
    keys.map(() => '2'),
  );
});

test('an execution that continues as new keeps the version', async (t) => {
  const round = (version: string) => {
    @Orchestrator('round', { version })
    class Round {
      @Run({ input: Number }) *run(left: number, ctx: OrchestrationContext): Orchestration<string> {
        yield* ctx.waitForExternalEvent('Go');
        if (left > 1) ctx.continueAsNew(left - 1);
        return version;
      }
    }
    return Round;
  };
  const hub = new MemoryTaskHub();
  const old = await hub.start('old', { orchestrators: [round('1')] });
  const handle = await hub.settle(hub.client.startNew('round', 3));
  await hub.settle(handle.raiseEvent('Go'));
  await hub.advance(500);
  await hub.stop(old);
  await hub.start('new', { orchestrators: [round('1'), round('2')] });
  await hub.settle(handle.raiseEvent('Go'));
  await hub.advance(500);
  t.is(await versionOf(hub, handle.instanceId), '1');
  await hub.settle(handle.raiseEvent('Go'));
  t.is(await hub.settle(handle.result()), '1');
});

test('a worker refuses two classes of one version, and versions that are none', async (t) => {
  const hub = new MemoryTaskHub();
  await t.throwsAsync(hub.start('w', { orchestrators: [waiter('1'), waiter('1')] }), {
    code: 'PERDURE_DEFINITION',
    message: /"waiter@1" is registered twice/,
  });
  for (const bad of ['', 'a b', '1@2', '1:2', 'x'.repeat(65)])
    t.throws(() => waiter(bad), { code: 'PERDURE_INVALID_NAME' }, bad);
  t.throws(() => waiter('1', 'loose' as 'none'), { code: 'PERDURE_DEFINITION' });
  t.throws(() => waiter(undefined, 'currentOrOlder'), { code: 'PERDURE_DEFINITION' });
});

test('an execution may continue as new with another version, whose code is another worker’s', async (t) => {
  const round = (version: string, next?: string) => {
    @Orchestrator('round', { version })
    class Round {
      @Run({ input: [String] }) *run(seen: string[], ctx: OrchestrationContext): Orchestration<string[]> {
        yield* ctx.waitForExternalEvent('Go');
        const now = [...seen, ctx.version!];
        if (next !== undefined) ctx.continueAsNew(now, { version: next });
        return now;
      }
    }
    return Round;
  };
  const hub = new MemoryTaskHub();
  await hub.start('one', { orchestrators: [round('1', '2')] });
  const handles = [];
  for (const instanceId of keys) handles.push(await hub.settle(hub.client.startNew('round', [], { instanceId })));
  for (const handle of handles) await hub.settle(handle.raiseEvent('Go'));
  await hub.advance(1_000);
  t.deepEqual((await hub.settle(hub.client.namesWithoutWorker())).names, [
    { kind: 'orchestrator', name: 'round@2', waitingInstances: keys.length },
  ]);
  await hub.start('two', { orchestrators: [round('2')] });
  await hub.advance(1_000);
  for (const handle of handles) {
    await hub.settle(handle.raiseEvent('Go'));
    t.deepEqual(await hub.settle(handle.result()), ['1', '2']);
  }
});

test('a client asks for a version, and so does an orchestrator for its child', async (t) => {
  @Orchestrator('parent')
  class Parent {
    @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
      const children = ['1', '2', undefined].map((version, n) =>
        ctx.callSubOrchestrator<string>('waiter', undefined, { version, instanceId: `${ctx.instanceId}-${n}` }),
      );
      return yield* ctx.all(children);
    }
  }
  const hub = new MemoryTaskHub();
  await hub.start('both', { orchestrators: [waiter('1'), waiter('2'), Parent] });
  const asked = await hub.settle(hub.client.startNew<string>('waiter', undefined, { version: '1' }));
  const parent = await hub.settle(hub.client.startNew<string[]>('parent', undefined, { instanceId: 'p' }));
  await hub.advance(500);
  await go(hub, [asked.instanceId, 'p-0', 'p-1', 'p-2']);
  t.is(await hub.settle(asked.result()), '1');
  t.deepEqual(await hub.settle(parent.result()), ['1', '2', '2']);
});
