import { until } from '../until.js';
import type { OrchestrationHandle, TaskHub, TaskHubClient } from 'perdure';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { Account } from '../../samples/bank/account.js';
import { Transfer } from '../../samples/bank/transfer.js';
import { Counter } from '../../samples/counter/counter.js';
import { HelloSequence } from '../../samples/hello/hello-sequence.js';
import {
  Alarm,
  Approval,
  Cargo,
  cargoOf,
  Desk,
  Errand,
  hauled,
  Hold,
  Journal,
  MoveMoney,
  Nap,
  Parent,
  Purse,
  Rounds,
  stirred,
} from './campaign/programs.js';

type EntityClass<T> = new () => T;

/** Something that a service does, and what must have come of it; each run is on a task hub of its own. */
export interface EffectProgram {
  readonly name: string;
  /** Asks for everything, and resolves with the outcome as a client sees it. */
  run(client: TaskHubClient, hub: TaskHub): Promise<unknown>;
  /** What the entities hold in the end. */
  state(client: TaskHubClient): Promise<unknown>;
  readonly outcome: unknown;
  readonly finalState: unknown;
}

const chain = (value: number): number => stirred(stirred(stirred(value)));

const hello: EffectProgram = {
  name: 'hello',
  run: async (client) => (await client.startNew(HelloSequence)).result(),
  state: (client) => client.callEntity(Counter, 'untouched').get(),
  outcome: ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'],
  finalState: 0,
};

const bank: EffectProgram = {
  name: 'bank',
  run: async (client) => {
    await client.callEntity(Account, 'a').deposit({ amount: 100 });
    await client.callEntity(Account, 'c').close();
    const transfers: OrchestrationHandle[] = [];
    for (const [to, amount] of [
      ['b', 30],
      ['c', 20],
      ['b', 1_000],
    ] as const)
      // prettier-ignore
      transfers.push(await client.startNew(Transfer, { from: 'a', to, amount }));
    return Promise.all(transfers.map((one) => one.result().then(() => 'done', () => 'refused'))); // prettier-ignore
  },
  state: (client) => Promise.all(['a', 'b', 'c'].map((name) => client.callEntity(Account, name).balance())),
  outcome: ['done', 'refused', 'refused'],
  finalState: [70, 30, 0],
};

/**
 * The state of an entity that there will be: of a signal nobody waits for the effect, and a view, read while nobody owns, may
 * be behind what is stored.
 */
async function read<T extends { state: unknown }>(
  client: TaskHubClient,
  type: EntityClass<T>,
  key: string,
): Promise<T['state']> {
  let found: T['state'] | undefined;
  await until(async () => {
    const { source, entityState } = await client.readEntityState(type, key);
    if (source === 'owner') found = entityState;
    return found !== undefined;
  }, `the state of ${key}`);
  return found!;
}

const mixed: EffectProgram = {
  name: 'a mixed program',
  run: async (client) => {
    await client.callEntity(Purse, 'p').pay(100);
    await client.signalEntity(Journal, 'j').note({ sender: 's', number: 1 });
    await client.signalEntity(Journal, 'j').relay({ sender: 's', number: 2, to: 'k' });
    const version = await client.callEntity(Journal, 'j').note({ sender: 's', number: 3 });
    const approval = await client.startNew(Approval, undefined, { instanceId: 'approval' });
    const nap = await client.startNew(Nap, 50, { instanceId: 'nap' });
    const parent = await client.startNew(Parent, 1, { instanceId: 'parent' });
    const rounds = await client.startNew(Rounds, { value: 5, left: 3 });
    const move = await client.startNew(MoveMoney, { from: 'p', to: 'q', amount: 40 }, { instanceId: 'moved' });
    await approval.raiseEvent('Word', 9);
    const { due, fired } = await nap.result();
    const results = [await approval.result(), await parent.result(), await rounds.result(), await move.result()];
    return [version, fired >= due, ...results];
  },
  state: async (client) => {
    const journals = await Promise.all(['j', 'k'].map((key) => read(client, Journal, key)));
    const purses = await Promise.all(['p', 'q'].map((key) => read(client, Purse, key)));
    const alarm = await read(client, Alarm, 'nap');
    return {
      marks: journals.map(({ marks }) => marks),
      purses: purses.map(({ balance }) => balance),
      rings: alarm.rings,
    };
  },
  outcome: [3, true, 9, chain(1) + chain(2), chain(5), 'moved'],
  finalState: {
    marks: [{ s: { ranges: [[1, 3]], late: [] } }, { 'relay-j': { ranges: [[1, 1]], late: [] } }],
    purses: [60, 40],
    rings: 1,
  },
};

/** What goes by way of the work queues, the object store, the dead letters and updates. */
const elsewhere: EffectProgram = {
  name: 'elsewhere and large',
  run: async (client, hub) => {
    const { ports } = hub;
    const address = entityAddress({ name: 'hold', key: 'h' });
    const partition = partitionOf(address, ports.partitions);
    const garbage = new TextEncoder().encode('garbage');
    while (
      (await ports.mailOf(partition).send(ports.subjects.partition(partition).mail(address), garbage, 'g')) ===
      undefined
    );
    const errand = await client.startNew(Errand, 1, { instanceId: 'errand' });
    const desk = await client.startNew(Desk, 2, { instanceId: 'desk' });
    const cargo = await client.startNew(Cargo, { text: cargoOf(5), hold: 'h' }, { instanceId: 'cargo' });
    const updates = [await desk.update().take(7), await desk.update().take(8)];
    return [updates, await desk.result(), await errand.result(), await cargo.result()];
  },
  state: async (client) => {
    const { count, text } = await read(client, Hold, 'h');
    return [count, text === `${cargoOf(5)}!`];
  },
  outcome: [[1, 2], '7 8', stirred(stirred(1)), hauled(5)],
  finalState: [1, true],
};

export const effectPrograms: readonly EffectProgram[] = [hello, bank, mixed, elsewhere];
