import test from 'ava';
import type { TaskHubClient } from 'perdure';
import { hostOf } from '../engine/surroundings.js';
import { lookingClient } from './looking-client.js';
import { Order, orchestrators } from './order-classes.js';
import { Ledger } from './readonly-classes.js';
import { Surroundings } from './surroundings.js';

/** Longer than a view is behind. */
const LAG = 500;

interface Page {
  readonly items: readonly string[];
  readonly continuationToken: string | undefined;
}

/** What can be listed, each view of which is read when it is told. */
interface Kind {
  /** Brings them about. */
  start(client: TaskHubClient, ids: readonly string[]): Promise<unknown>;
  page(client: TaskHubClient, pageSize: number, continuationToken?: string): Promise<Page>;
  all(client: TaskHubClient): AsyncIterable<unknown>;
}

const kinds: Readonly<Record<string, Kind>> = {
  instances: {
    start: (client, ids) => Promise.all(ids.map((instanceId) => client.startNew(Order, 'end', { instanceId }))),
    page: async (client, pageSize, from) => {
      const page = await client.listInstances({}, { pageSize, continuationToken: from });
      return { ...page, items: page.instances.map(({ instanceId }) => instanceId) };
    },
    all: (client) => client.allInstances(),
  },
  entities: {
    start: (client, ids) =>
      client.signalMany(
        Ledger,
        ids.map((key) => [key, 'add', 1]),
      ),
    page: async (client, pageSize, from) => {
      const page = await client.entities.list({}, { pageSize, continuationToken: from, fetchStates: true });
      return { ...page, items: page.entities.map(({ entityId }) => entityId.key) };
    },
    all: (client) => client.entities.all({}, { fetchStates: true }),
  },
};

/** A hub with so many of a kind, and a client that looks at them. */
async function stocked(kind: Kind, count: number) {
  const around = new Surroundings();
  await around.work('worker', hostOf({ entities: [Ledger], orchestrators }));
  const ids = Array.from({ length: count }, (_, n) => `i${n}`);
  await around.settle(kind.start(around.client, ids));
  await around.advance(LAG);
  return { around, ids, ...lookingClient(around) };
}

async function counted(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}

for (const [plural, kind] of Object.entries(kinds)) {
  test(`a page of ${plural} is full unless it is the last, also when some are gone when they are read`, async (t) => {
    const { around, ids, client, looks } = await stocked(kind, 30);
    const isThere = (id: string) => !id.endsWith('3');
    looks.isGone = (subject) => !isThere(subject);
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page: Page = await around.settle(kind.page(client, 7, token));
      t.true(page.items.length === 7 || page.continuationToken === undefined, `${page.items.length} on a page`);
      found.push(...page.items);
      token = page.continuationToken;
    } while (token !== undefined);
    t.deepEqual(found.toSorted(), ids.filter(isThere).toSorted());
  });

  test(`at most a hundred views of ${plural} are read at the same time, however large the page`, async (t) => {
    const { around, client, looks } = await stocked(kind, 250);
    t.is((await around.settle(kind.page(client, 1_000))).items.length, 250);
    t.is(looks.together, 100);
    t.is(await around.settle(counted(kind.all(client))), 250);
    t.is(looks.together, 100);
  });

  test(`who goes through all ${plural} reads a hundred at a time, and none that are not wanted`, async (t) => {
    const { around, client, looks } = await stocked(kind, 250);
    const items = kind.all(client)[Symbol.asyncIterator]();
    for (let taken = 1; taken <= 100; taken++) {
      t.falsy((await around.settle(items.next())).done);
      t.true(looks.reads <= 100);
    }
    await around.settle(items.return!());
    await around.advance(LAG);
    t.true(looks.reads <= 100);
  });

  test(`the next partition is asked for ${plural} while one that has told of two batches still tells`, async (t) => {
    const { around, client, looks } = await stocked(kind, 100);
    looks.batch = 10;
    t.is(await around.settle(counted(kind.all(client))), 100);
    const [first, second, ...others] = looks.asked;
    t.deepEqual(first, [0, 0, false]);
    t.deepEqual(second, [1, 2, true]);
    t.deepEqual(others, []);
    t.true(looks.batches.filter((partition) => partition === 0).length > 2);
  });

  test(`${plural} are told once, however often and in whatever batch their notes come`, async (t) => {
    for (const batch of [1, 4, Infinity]) {
      const { around, ids, client, looks } = await stocked(kind, 20);
      Object.assign(looks, { batch, notes: 'twice' });
      const { items } = await around.settle(kind.page(client, 1_000));
      t.deepEqual(items.toSorted(), ids.toSorted());
    }
  });

  test(`${plural} that have no notes are found by their views, of which not all are read at once`, async (t) => {
    const { around, ids, client, looks } = await stocked(kind, 250);
    looks.notes = 'empty';
    const { items } = await around.settle(kind.page(client, 1));
    t.is(items.length, 1);
    t.is(looks.together, 64);
    t.deepEqual((await around.settle(kind.page(client, 1_000))).items.toSorted(), ids.toSorted());
  });
}
