import test from 'ava';
import { ActivityContext } from '../../lib/core/activity-context.js';
import type { ActivityRequest } from '../../lib/engine/host.js';
import { DefinitionError } from '../../lib/errors.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { createHost } from '../../lib/worker/host.js';
import { publishNames } from '../../lib/worker/known-names.js';
import { onSignal } from '../../lib/worker/process-signals.js';
import { Activity, Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { Amount } from '../definitions/amount.js';

const seen: ActivityContext[] = [];

class Jobs {
  readonly kept = { list: [1] };

  @Activity()
  echo(amount: Amount, ctx: ActivityContext): Amount {
    seen.push(ctx);
    return amount;
  }

  @Activity()
  async nothing(): Promise<void> {
    await Promise.resolve();
  }

  @Activity()
  shared(): object {
    return this.kept;
  }

  @Activity()
  fails(): never {
    throw Object.assign(new RangeError('no'), { code: 'E_NO' });
  }

  @Activity()
  async rejects(): Promise<void> {
    await Promise.reject(new Error('later'));
  }

  @Activity()
  unserializable(): unknown {
    return { when: 1n };
  }
}

@Entity('account')
class Account {
  state = { balance: 0 };
  @Operation() deposit({ amount }: Amount): number {
    return (this.state.balance += amount);
  }
}

@Entity('account')
class NewerAccount {
  state = { balance: 0 };
  @Operation() withdraw({ amount }: Amount): number {
    return (this.state.balance -= amount);
  }
}

@Orchestrator('transfer')
class Transfer {
  @Run() run(): void {}
}

const request = (name: string, input?: ActivityRequest['input']): ActivityRequest => ({
  instanceId: 'order 1',
  executionId: 'x1',
  taskId: 4,
  name,
  input,
  attempt: 2,
  signal: new AbortController().signal,
});

const run = (name: string, input?: ActivityRequest['input']) =>
  createHost('w', { activities: [new Jobs()] }).activities.get(name)!(request(name, input));

test('an activity gets its input as a DTO object and a context, and its result is plain data', async (t) => {
  t.deepEqual(await run('echo', { amount: 5 }), { result: { amount: 5 } });
  const [context] = seen.splice(0);
  t.true(context instanceof ActivityContext);
  t.like(context, { instanceId: 'order 1', activityName: 'echo', attempt: 2, idempotencyKey: 'order 1/x1/4' });
  t.false(context!.signal.aborted);
  t.deepEqual(await run('nothing'), {});
});

test('a result shares nothing with the objects of the activity', async (t) => {
  const jobs = new Jobs();
  const shared = createHost('w', { activities: [jobs] }).activities.get('shared')!;
  const first = await shared(request('shared'));
  jobs.kept.list.push(2);
  t.deepEqual(first, { result: { list: [1] } });
});

test('whatever an activity does wrong is a failure as data', async (t) => {
  t.like(await run('fails'), { failure: { name: 'RangeError', message: 'no', code: 'E_NO' } });
  t.like(await run('rejects'), { failure: { name: 'Error', message: 'later' } });
  t.like(await run('unserializable'), { failure: { code: 'PERDURE_UNSERIALIZABLE' } });
  t.like(await run('echo', { amount: 'much' }), { failure: { code: 'PERDURE_INVALID_INPUT' } });
  t.deepEqual(seen, []);
});

test('what cannot work is refused when the host is made', (t) => {
  t.throws(() => createHost('w', { entities: [Account, NewerAccount] }), { instanceOf: DefinitionError });
  t.throws(() => createHost('w', { activities: [{}] }), { instanceOf: DefinitionError });
});

test('names are added to those that the hub knows, and none is taken away', async (t) => {
  const world = new MemoryWorld();
  const hub = world.createHub('hub', 1);
  const [one, two] = [hub.connect('one').store, hub.connect('two').store];
  const publish = (store: typeof one, hosted: Parameters<typeof createHost>[1]) =>
    publishNames(store, createHost('w', hosted));
  const stored = async () => {
    const entry = await world.scheduler.settle(one.get('names'));
    return { revision: entry!.revision, names: JSON.parse(new TextDecoder().decode(entry!.value)) as unknown };
  };
  const both = Promise.all([
    publish(one, { entities: [Account], activities: [new Jobs()] }),
    publish(two, { entities: [NewerAccount], orchestrators: [Transfer] }),
  ]);
  await world.scheduler.settle(both);
  const { revision, names } = await stored();
  t.deepEqual(names, {
    v: 1,
    entities: { account: ['deposit', 'withdraw'] },
    orchestrators: ['transfer'],
    activities: ['echo', 'nothing', 'shared', 'fails', 'rejects', 'unserializable'],
  });
  await world.scheduler.settle(publish(two, { entities: [Account] }));
  t.is((await stored()).revision, revision);
});

for (const [what, text, code] of [
  ['a newer format', '{"v":2}', 'PERDURE_VERSION_TOO_NEW'],
  ['no format at all', '{"v":1,"entities":[', 'PERDURE_CORRUPT_HISTORY'],
] as const)
  test(`a list of names of ${what} is left alone`, async (t) => {
    const world = new MemoryWorld();
    const { store } = world.createHub('hub', 1).connect('one');
    const stored = new TextEncoder().encode(text);
    await world.scheduler.settle(store.put('names', stored, 0));
    const publishing = publishNames(store, createHost('w', { entities: [Account] }));
    await t.throwsAsync(world.scheduler.settle(publishing), { code, message: /key "names"/ });
    t.deepEqual((await world.scheduler.settle(store.get('names')))?.value, stored);
  });

test('only the first signal is listened to, and nothing is left behind', (t) => {
  const listeners = () => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
  const before = listeners();
  let runs = 0;
  onSignal(() => runs++);
  t.is(listeners(), before + 2);
  process.emit('SIGTERM');
  t.is(runs, 1);
  t.is(listeners(), before);
  onSignal(() => runs++)();
  t.is(listeners(), before);
  t.is(runs, 1);
});
