/** Compiled by `tsc -p .`, which is the test: every `@ts-expect-error` proves the sentence behind it. */
import type {
  EntityStateResponse,
  InstanceCounts,
  InstanceIdPage,
  InstancePage,
  OrchestrationHandle,
  OrchestrationStatus,
  TaskHub,
  TaskHubClient,
  TaskHubWorker,
} from '../../lib/index.js';
import { Account, Amount, Basket, Greetings, Immediate, Nightly, Receipt, Report, Transfer } from './classes.js';
import { exactly } from './exactly.js';

export async function results(client: TaskHubClient): Promise<void> {
  const transfer = await client.startNew(Transfer, { amount: 1 });
  exactly<OrchestrationHandle<Receipt>>()(transfer, true);
  exactly<Receipt>()(await transfer.result(), true);
  exactly<string>()(await (await client.startNew(Immediate, 1)).result(), true);
  exactly<void>()(await (await client.startNew(Nightly)).result(), true);
  exactly<OrchestrationHandle<unknown>>()(await client.startNew('transfer', { amount: 1 }), true);
  exactly<OrchestrationHandle<Receipt>>()(await client.startNew<Receipt>('transfer', { amount: 1 }), true);
  exactly<Promise<boolean>>()(transfer.raiseEvent('Go'), true);
  exactly<OrchestrationHandle<Receipt>>()(client.getHandle(Transfer, 't1'), true);
  exactly<OrchestrationHandle<unknown>>()(client.getHandle('t1'), true);

  exactly<number>()(await client.callEntity(Account, 'a').deposit({ amount: 1 }), true);
  exactly<string[]>()(await client.callEntity(Account, 'a').audit(), true);
  exactly<unknown>()(await client.callEntity('account', 'a', 'balance'), true);
  exactly<number>()(await client.callEntity<number>('account', 'a', 'balance'), true);
  exactly<Promise<void>>()(client.signalEntity(Account, 'a').deposit({ amount: 1 }), true);
  exactly<Promise<void>>()(client.signalEntity('account', 'a', 'deposit', { amount: 1 }), true);

  exactly<EntityStateResponse<{ balance: number }>>()(await client.readEntityState(Account, 'a'), true);
  exactly<{ balance: number } | undefined>()((await client.readEntityState(Account, 'a')).entityState, true);
  exactly<EntityStateResponse<unknown>>()(await client.readEntityState('account', 'a'), true);
}

export async function lives(client: TaskHubClient): Promise<void> {
  const transfer = client.getHandle(Transfer, 't1');
  exactly<OrchestrationHandle<Receipt>>()(await transfer.restart({ newInstanceId: true }), true);
  exactly<OrchestrationHandle<Receipt>>()(await client.restart<Receipt>('t1'), true);
  exactly<void>()(await transfer.terminate({ amount: 0 }, { reason: 'why', recursive: false }), true);
  exactly<number>()(await client.purgeInstances({ runtimeStatus: ['Completed'] }), true);
  await client.startNew(Transfer, { amount: 1 }, { ifExists: 'attach', startAt: new Date(0) });
  // @ts-expect-error -- only what has ended is purged
  await client.purgeInstances({ runtimeStatus: ['Running'] });
  exactly<InstancePage>()(await client.listInstances({ orchestrator: Transfer, tags: { customer: 'alice' } }), true);
  exactly<InstanceIdPage>()(await client.listInstanceIds({ runtimeStatus: 'Failed' }, { pageSize: 5 }), true);
  exactly<InstanceCounts>()(await client.countInstances({ runtimeStatus: ['Failed', 'Running'] }), true);
  for await (const status of client.allInstances()) exactly<OrchestrationStatus>()(status, true);
  // @ts-expect-error -- there is no such field
  await client.listInstances({ status: 'Failed' });
  // @ts-expect-error -- there is no such state
  await client.countInstances({ runtimeStatus: 'failed' });
  // @ts-expect-error -- a policy that there is not
  await client.startNew(Transfer, { amount: 1 }, { ifExists: 'join' });
  // @ts-expect-error -- nor a time that is no Date
  await client.startNew(Transfer, { amount: 1 }, { startAt: 1_000 });
}

export async function inputs(client: TaskHubClient): Promise<void> {
  // @ts-expect-error -- a missing input does not compile
  await client.startNew(Transfer);
  // @ts-expect-error -- nor does a wrong one
  await client.startNew(Transfer, { amount: 'one' });
  // @ts-expect-error -- nor an incomplete one
  await client.startNew(Transfer, {});
  // @ts-expect-error -- nor one for an orchestrator that takes none
  await client.startNew(Nightly, 1);
  // @ts-expect-error -- nor an option that there is not
  await client.startNew(Report, 'monday', { instance: 'r1' });
  // @ts-expect-error -- nor a missing input of an operation
  await client.callEntity(Account, 'a').deposit();
  // @ts-expect-error -- nor a wrong one
  await client.signalEntity(Account, 'a').deposit({ amount: 'one' });
  // @ts-expect-error -- nor one for an operation that takes none
  await client.callEntity(Account, 'a').balance(1);

  // an input declared optional may be left away; options stand behind it
  await client.startNew(Report);
  await client.startNew(Report, 'monday', { instanceId: 'r1' });
  await client.startNew(Nightly, undefined, { instanceId: 'n1' });
  await client.callEntity(Account, 'a').audit();
  await client.callEntity(Account, 'a').deposit(new Amount());
}

export async function handlers(client: TaskHubClient): Promise<void> {
  const basket = await client.startNew(Basket);
  exactly<number>()(await basket.result(), true);
  exactly<number>()(await basket.query().count(), true);
  exactly<number>()(await client.getHandle(Basket, 'b').update().add({ amount: 1 }), true);
  exactly<string[]>()(await basket.update().ship({ amount: 1 }), true);
  exactly<string | undefined>()(await basket.query().item(), true);
  exactly<unknown>()(await basket.query('count'), true);
  exactly<number>()(await basket.query<number>('count'), true);
  exactly<number>()(await client.getHandle('b').update<number>('add', { amount: 1 }), true);
  // a handle of a class may be handed on as one of its result
  const handle: OrchestrationHandle<number> = basket;
  // @ts-expect-error -- but then its queries have only names
  await handle.query().count();
  // @ts-expect-error -- a wrong input does not compile
  await basket.update().add({ amount: 'one' });
  // @ts-expect-error -- nor does a missing one
  await basket.update().add();
  // @ts-expect-error -- nor an input for a query that takes none
  await basket.query().count(1);
  // @ts-expect-error -- run is neither a query nor an update
  void basket.update().run;
  // @ts-expect-error -- nor is a field
  void basket.query().items;
}

export async function members(client: TaskHubClient): Promise<void> {
  // @ts-expect-error -- an unknown operation does not compile
  void client.callEntity(Account, 'a').withdraw;
  // @ts-expect-error -- the state is not on the proxy
  void client.signalEntity(Account, 'a').state;
  // @ts-expect-error -- nor is a method that is not public
  void client.callEntity(Account, 'a').hidden;
  // @ts-expect-error -- a class without run is no orchestrator
  await client.startNew(Account, { amount: 1 });
  // @ts-expect-error -- a class without state is no entity to read
  await client.readEntityState(Greetings, 'a');
  // @ts-expect-error -- an entity has a key
  client.callEntity(Account);
}

export async function hubs(hub: TaskHub, Client: typeof TaskHubClient, Worker: typeof TaskHubWorker): Promise<void> {
  const classes = { entities: [Account], orchestrators: [Transfer], activities: [new Greetings()] };
  await using worker = await Worker.start(hub, classes);
  await using _client = new Client(hub, { timeoutInMilliseconds: 1_000 });
  exactly<Promise<void>>()(worker.stop(), true);
  // @ts-expect-error -- entities are classes, not names
  await Worker.start(hub, { entities: ['account'] });
  // @ts-expect-error -- a class without run is no orchestrator
  await Worker.start(hub, { orchestrators: [Account] });
  // @ts-expect-error -- there is no such option
  await Worker.start(hub, { ...classes, threads: 4 });
}
