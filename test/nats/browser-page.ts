import {
  BusyError,
  connectTaskHub,
  InvalidInputError,
  NotFoundError,
  PerdureError,
  TaskHubClient,
  TimeoutError,
  type TaskHub,
} from 'perdure/browser';
import { Counter } from '../../samples/counter/counter.js';
import { Parcel } from '../client/parcel.js';

/** What runs in the page of test/nats/browser.test.ts. */

let hub: TaskHub;
let client: TaskHubClient;

/** The code of the error that a promise rejects with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof PerdureError ? error.code : String(error);
}

const page = {
  async open(servers: string): Promise<string> {
    hub = await connectTaskHub({ name: 'web', servers, timeoutInMilliseconds: 10_000 });
    client = new TaskHubClient(hub);
    return hub.url;
  },

  /** By classes and by names, calls, signals, reads and refusals. */
  async entities(): Promise<unknown> {
    await client.signalEntity(Counter, 'page').add({ by: 5 });
    const called = await client.callEntity(Counter, 'page').add({ by: 2 });
    const byName = await client.callEntity('counter', 'page', 'add', { by: 1 });
    const { entityState, source } = await client.readEntityState(Counter, 'page');
    const refused = client.callEntity(Counter, 'page').add({ by: 'much' } as never);
    const invalid = await refused.catch((error: unknown) => error);
    return [
      called,
      byName,
      entityState,
      source,
      invalid instanceof InvalidInputError && !(invalid instanceof BusyError),
    ];
  },

  /** An orchestration from its start to its end, watched. */
  async orchestration(): Promise<unknown> {
    const parcel = await client.startNew(Parcel, 1, { instanceId: 'parcel é', tags: { from: 'page' } });
    const told: string[] = [];
    for await (const { runtimeStatus, customStatus } of parcel.watch()) {
      told.push(`${runtimeStatus} ${String(customStatus)}`);
      if (customStatus === 'round 1') await parcel.raiseEvent('Word', 'packed');
      if (customStatus === 'packed') await parcel.raiseEvent('Word', 'end');
    }
    const history = await parcel.history();
    return [told.filter((line) => !line.startsWith('Pending')), await parcel.result(), history.length >= 4];
  },

  /** Of instances that the worker has ended: pages, counts, ids; a purge. */
  async queries(): Promise<unknown> {
    const filter = { instanceIdPrefix: 'listed-' };
    const ids: string[] = [];
    let continuationToken: string | undefined;
    do {
      const found = await client.listInstanceIds(filter, { pageSize: 10, continuationToken });
      ids.push(...found.instanceIds);
      ({ continuationToken } = found);
    } while (continuationToken !== undefined);
    const { total } = await client.countInstances(filter);
    return [new Set(ids).size, total, await client.purgeInstances(filter)];
  },

  /** Values of a megabyte travel by the object store. */
  async large(): Promise<unknown> {
    const text = 'é'.repeat(500_000);
    const parcel = await client.startNew<string>('echo', text);
    return (await parcel.result()) === text;
  },

  async errors(): Promise<unknown> {
    const late = await client
      .callEntity('counter', 'page', 'add', { by: 1 }, { timeoutInMilliseconds: 0 })
      .catch((error: unknown) => error);
    return [
      await codeOf(client.getHandle('nobody').status()),
      await codeOf(client.startNew('nothing')),
      await codeOf(connectTaskHub({ name: 'web', servers: 'nats://localhost:4222' })),
      await codeOf(connectTaskHub({ name: 'web', servers: 'ws://127.0.0.1:9', timeoutInMilliseconds: 500 })),
      late instanceof TimeoutError && late.effect,
      new NotFoundError('x').code,
    ];
  },

  /** Waits for the end of an instance while the server goes away and comes back. */
  async waits(instanceId: string): Promise<unknown> {
    return client.getHandle(instanceId).result({ timeoutInMilliseconds: 60_000 });
  },

  async close(): Promise<string> {
    const waiting = codeOf(
      client
        .getHandle('parcel é', {})
        .restart()
        .then((handle) => handle.result()),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    await client.close();
    await hub.close();
    return waiting;
  },
};

export type Page = typeof page;
(globalThis as { page?: Page }).page = page;
