import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import test, { type ExecutionContext } from 'ava';
import type { Directory } from '../../lib/engine/delegation.js';
import { StepServer } from '../../lib/engine/step-server.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { Account } from './bank.js';
import { KillAt } from './kill-at.js';
import { hostOf, MemoryClient, MemoryWorker, recordingLogger, surroundings, servedWith } from './surroundings.js';

/** Calls accounts while its own operation runs. */
@Entity('shop')
class Shop {
  state = { sold: 0, lefts: [] as number[], failures: [] as string[] };

  @Operation({ input: String }) async sell(account: string, context: EntityContext): Promise<void> {
    runs.push(account);
    const left = await context.callEntity(Account, account).withdraw({ amount: 10 });
    await context.callEntity(Account, 'till').deposit({ amount: 10 });
    this.state.sold++;
    this.state.lefts.push(left);
  }

  @Operation({ input: String }) async regret(account: string, context: EntityContext): Promise<void> {
    this.state.sold = 1_000;
    context.signalEntity(Account, account).deposit({ amount: 500 });
    await context.callEntity(Account, account).withdraw({ amount: 10 });
    throw new Error('regretted');
  }

  @Operation({ input: String }) async overdraw(account: string, context: EntityContext): Promise<void> {
    try {
      await context.callEntity(Account, account).withdraw({ amount: 1_000_000 });
    } catch (error) {
      this.state.failures.push(String(error));
    }
  }

  @Operation({ input: Number }) async archive(length: number, context: EntityContext): Promise<void> {
    const kept = await context.callEntity(Shelf, 'x').keep('x'.repeat(length));
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    this.state.sold = (await context.callEntity(Shelf, 'x').keep(kept)).length;
  }

  @Operation() async both(_: void, context: EntityContext): Promise<void> {
    const [a, b] = [context.callEntity(Account, 'a').balance(), context.callEntity(Account, 'b').balance()];
    this.state.lefts.push(...(await Promise.all([a, b])));
  }

  @Operation() async fickle(_: void, context: EntityContext): Promise<void> {
    await context.callEntity(Account, mood).balance();
    this.state.sold++;
  }

  @Operation({ timeoutInMilliseconds: 2_000 }) async patient(_: void, context: EntityContext): Promise<void> {
    await context.callEntity('shop', 'slow', 'sleep');
  }

  @Operation() async sleep(_: void, context: EntityContext): Promise<void> {
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
  }

  @Operation() eager(_: void, context: EntityContext): void {
    void context.callEntity(Account, 'a').balance();
  }
}

/** Keeps a text, and gives it back. */
@Entity('shelf')
class Shelf {
  state = { text: '' };
  @Operation({ input: String }) keep(text: string): string {
    this.state.text = text;
    return text;
  }
}

/** Calls the next in a ring, and so on. */
@Entity('ring')
class Ring {
  state = { failure: '' };
  @Operation({ input: Number }) async pass(hops: number, context: EntityContext): Promise<void> {
    if (hops === 0) return;
    const next = String((Number(context.entityId.key) + 1) % 3);
    try {
      await context.callEntity(Ring, next).pass(hops - 1);
    } catch (error) {
      this.state.failure = String(error);
    }
  }
}

const host = hostOf({ entities: [Account, Ring, Shelf, Shop] });
/** Which accounts `sell` began with, each time. */
let runs: string[] = [];
let mood = 'a';

async function shopOf(client: MemoryClient): Promise<Shop['state'] | undefined> {
  return (await client.entityHead('shop', 's'))?.state as Shop['state'] | undefined;
}

async function opened(partitions = 3) {
  const scene = surroundings(partitions);
  const lines: string[] = [];
  const worker = new MemoryWorker(scene.hub, 'one', host, {}, recordingLogger(lines));
  await scene.settle(worker.claim());
  for (const key of ['a', 'b']) await scene.settle(scene.client.signal('account', key, 'deposit', { amount: 100 }));
  const balance = async (key: string) =>
    ((await scene.settle(scene.client.entityHead('account', key)))?.state as Account['state'] | undefined)?.balance;
  const shop = () => scene.settle(shopOf(scene.client));
  return { ...scene, worker, lines, balance, shop };
}

test.serial('an operation calls others and goes on with their answers', async (t) => {
  const { client, settle, advance, shop, balance, lines } = await opened();
  for (const account of ['a', 'b', 'a']) await settle(client.signal('shop', 's', 'sell', account));
  await settle(client.signal('shop', 's', 'both'));
  await advance(2_000);
  t.deepEqual(await shop(), { sold: 3, lefts: [90, 90, 80, 80, 90], failures: [] });
  t.deepEqual([await balance('a'), await balance('b'), await balance('till')], [80, 90, 30]);
  t.is((await settle(client.entityHead('shop', 's')))?.journals, undefined);
  t.deepEqual(lines, []);
});

test.serial('P18: what throws loses its state and its signals, and what it called stays done', async (t) => {
  const { client, settle, advance, shop, balance } = await opened();
  await settle(client.signal('shop', 's', 'regret', 'a'));
  await settle(client.signal('shop', 's', 'overdraw', 'b'));
  await advance(2_000);
  const failure = 'EntityOperationFailedError: account.withdraw failed: 100 < 1000000';
  t.deepEqual(await shop(), { sold: 0, lefts: [], failures: [failure] });
  t.deepEqual([await balance('a'), await balance('b')], [90, 100]);
});

test.serial('a call that would wait for itself is an error that names the cycle', async (t) => {
  const { client, settle, advance } = await opened();
  await settle(client.signal('ring', '0', 'pass', 7));
  await advance(2_000);
  const states = await Promise.all(['0', '1', '2'].map((key) => settle(client.entityHead('ring', key))));
  const [first, second, third] = states.map((head) => (head?.state as Ring['state'] | undefined)?.failure);
  t.deepEqual([first, second], ['', '']);
  t.regex(third ?? '', /^CallCycleError: .* for ever: e\.ring\.0 -> e\.ring\.1 -> e\.ring\.2 -> e\.ring\.0\./);
});

test.serial('what cannot wait cannot call', async (t) => {
  const { client, settle, advance, lines } = await opened();
  await settle(client.signal('shop', 's', 'eager'));
  await advance(500);
  t.regex(lines.join(), /shop\.eager is not async, so it cannot wait for the answer of an entity/);
});

test.serial('P18: an operation that waits too long fails; its late answer reaches no other', async (t) => {
  const { client, settle, advance, shop, lines } = await opened();
  await settle(client.signal('shop', 's', 'patient'));
  await settle(client.signal('shop', 's', 'sell', 'a'));
  await advance(10_000);
  t.regex(lines.join('\n'), /patient has not ended within 2000 ms .* It waited for the answer of e\.shop\.slow sleep/);
  t.is((await shop())?.sold, 1);
  await advance(70_000);
  t.is((await shop())?.sold, 1);
});

for (const kind of ['kill', 'stop'] as const)
  test.serial(`P18: after a ${kind} the operation runs again, and is answered what it was answered`, async (t) => {
    runs = [];
    const { client, hub, settle, advance, shop, balance, worker, lines } = await opened();
    // The accounts' partitions have no owner: the call waits.
    const own = partitionOf(entityAddress({ name: 'shop', key: 's' }), 3);
    const others = worker.owners.filter((_, partition) => partition !== own);
    await advance(1_000);
    await Promise.all(others.map((owner) => settle(owner.stop())));
    await settle(client.signal('shop', 's', 'sell', 'a'));
    await advance(1_000);
    t.is((await settle(client.entityHead('shop', 's')))?.journals?.[0]?.calls.length, 1);
    const began = hub.world.scheduler.now;
    if (kind === 'kill') worker.connection.kill();
    else await settle(worker.stop());
    t.true(hub.world.scheduler.now - began < 2_000, 'a stop does not wait for answers');
    const next = new MemoryWorker(hub, 'two', host, {}, recordingLogger(lines));
    await settle(next.claim());
    await advance(8_000);
    t.deepEqual([await shop(), runs], [{ sold: 1, lefts: [90], failures: [] }, ['a', 'a']]);
    t.deepEqual([await balance('a'), await balance('till')], [90, 10]);
    t.deepEqual(lines, []);
  });

test.serial('P18: large inputs and answers go by reference, also when the operation runs again', async (t) => {
  const scene = surroundings(3, 1, { maxInlineValueBytes: 1_024 });
  const { client, hub, settle, advance } = scene;
  const lines: string[] = [];
  const one = new MemoryWorker(hub, 'one', host, {}, recordingLogger(lines));
  await settle(one.claim());
  await settle(client.signal('shop', 's', 'archive', 5_000));
  await advance(100);
  one.connection.kill();
  const two = new MemoryWorker(hub, 'two', host, {}, recordingLogger(lines));
  await settle(two.claim());
  await advance(10_000);
  t.deepEqual(await settle(shopOf(client)), { sold: 5_000, lefts: [], failures: [] });
  t.deepEqual((await settle(client.entityHead('shelf', 'x')))?.stateRef?.bytes, 5_011);
  t.deepEqual(lines, []);
});

test.serial('P18: an operation that makes another call when it runs again fails', async (t) => {
  const { client, hub, settle, advance, shop, worker, lines } = await opened();
  mood = 'a';
  await advance(1_000);
  const own = partitionOf(entityAddress({ name: 'shop', key: 's' }), 3);
  await Promise.all(worker.owners.filter((_, at) => at !== own).map((owner) => settle(owner.stop())));
  await settle(client.signal('shop', 's', 'fickle'));
  await advance(1_000);
  worker.connection.kill();
  mood = 'b';
  const next = new MemoryWorker(hub, 'two', host, {}, recordingLogger(lines));
  await settle(next.claim());
  await advance(8_000);
  t.regex(
    lines.join(),
    /Call 1 of shop\.fickle was e\.account\.a balance before its process died, and is e\.account\.b balance/,
  );
  t.is((await shop())?.sold ?? 0, 0);
  await settle(client.signal('shop', 's', 'fickle'));
  await advance(2_000);
  t.is((await shop())?.sold, 1);
});

test.serial('P18: an operation whose code another worker has calls through its owner', async (t) => {
  const scene = surroundings(1);
  const { client, hub, settle, advance, world } = scene;
  const lines: string[] = [];
  const live = new Map<string, { readonly connection: MemoryConnection; readonly server: StepServer }>();
  const changed = new Set<() => void>();
  const directory: Directory = {
    workersWith: ({ name }) => (name === 'shop' ? [...live.keys()] : []),
    onChange: (listener) => {
      changed.add(listener);
      return { close: () => void changed.delete(listener) };
    },
  };
  const join = (name: string): void => {
    const connection = hub.connect(name);
    const server = new StepServer(
      memoryHubPorts(connection, recordingLogger(lines)),
      hostOf({ entities: [Shop] }),
      name,
      servedWith({ clock: connection.clock, logger: recordingLogger(lines) }),
    );
    live.set(name, { connection, server });
    changed.forEach((listener) => listener());
  };
  const owner = async (name: string, entities: (typeof Account | typeof Shelf)[]) => {
    const worker = new MemoryWorker(hub, name, hostOf({ entities }), { directory }, recordingLogger(lines));
    await settle(worker.claim());
    return worker;
  };
  // Nobody has accounts at first: the calls wait.
  const first = await owner('owner', [Shelf]);
  join('a');
  runs = [];
  await settle(client.signal('account', 'a', 'deposit', { amount: 100 }));
  await settle(client.signal('shop', 's', 'sell', 'a'));
  await advance(3_000);
  t.deepEqual(runs, ['a']);
  t.is((await settle(client.entityHead('shop', 's')))?.journals?.[0]?.calls.length, 1);
  // The worker with the code dies, then the owner: both times the operation runs again, and calls nobody a second time.
  live.get('a')!.connection.kill();
  live.delete('a');
  join('b');
  await advance(20_000);
  t.deepEqual(runs, ['a', 'a']);
  first.connection.kill();
  const began = world.scheduler.now;
  const second = await owner('next', [Account, Shelf]);
  await advance(20_000);
  t.deepEqual(await settle(shopOf(client)), { sold: 1, lefts: [90], failures: [] });
  t.true(runs.length >= 3 && world.scheduler.now - began < 60_000);
  await settle(client.signal('shop', 's', 'sell', 'a'));
  await settle(client.signal('shop', 's', 'archive', 300));
  await advance(5_000);
  t.deepEqual(await settle(shopOf(client)), { sold: 300, lefts: [90, 80], failures: [] });
  t.deepEqual((await settle(client.entityHead('account', 'till')))?.state, { balance: 20, operations: 2 });
  await settle(second.stop());
});

async function dying(n: number, fault: 'requestLost' | 'responseLost') {
  const plan = new KillAt(n, fault);
  const world = new MemoryWorld({ seed: n, faults: plan });
  const { scheduler } = world;
  const hub = world.createHub('test', 3);
  const lines: string[] = [];
  const victim = new MemoryWorker(hub, 'victim', host, {}, recordingLogger(lines));
  plan.onKill = () => victim.connection.kill();
  void victim.claim().catch(() => {});
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => scheduler.settle(promise, 60_000);
  for (const key of ['a', 'b']) await settle(client.signal('account', key, 'deposit', { amount: 100 }));
  for (let i = 0; i < 4; i++) await settle(client.signal('shop', i % 2 ? 's' : 'z', 'sell', i < 2 ? 'a' : 'b'));
  await scheduler.advance(800);
  const successor = new MemoryWorker(hub, 'successor', host, {}, recordingLogger(lines));
  await settle(successor.claim());
  await scheduler.advance(12_000);
  const states = await Promise.all(
    ['a', 'b', 'till'].map(async (key) => (await settle(client.entityHead('account', key)))?.state),
  );
  const sold = await Promise.all(['s', 'z'].map(async (key) => (await settle(client.entityHead('shop', key)))?.state));
  return { calls: plan.calls, states, sold: sold.map((state) => (state as Shop['state']).sold) };
}

async function everyPoint(t: ExecutionContext, fault: 'requestLost' | 'responseLost'): Promise<void> {
  t.timeout(120_000);
  let n = 1;
  for (; ; n++) {
    const { calls, states, sold } = await dying(n, fault);
    t.deepEqual(
      states,
      [
        { balance: 80, operations: 3 },
        { balance: 80, operations: 3 },
        { balance: 40, operations: 4 },
      ],
      `killed at call ${n} (${fault})`,
    );
    t.deepEqual(sold, [2, 2], `killed at call ${n}`);
    if (calls < n) break;
  }
  t.log(`${n} calls`);
}

test.serial('P18: a worker that dies before any of its calls arrives calls nobody twice', (t) =>
  everyPoint(t, 'requestLost'),
);

test.serial('P18: a worker that dies after any of its calls was carried out calls nobody twice', (t) =>
  everyPoint(t, 'responseLost'),
);
