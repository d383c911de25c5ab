import test from 'ava';
import { TaskHubClient } from 'perdure';
import { checkFilter, type InstanceFilter } from '../../lib/client/instance-filter.js';
import { findInstances, type FoundInstance } from '../../lib/client/instance-scan.js';
import type { ScanPosition } from '../../lib/client/view-scan.js';
import { HeadChanges } from '../../lib/engine/head-changes.js';
import { NotePageMaker } from '../../lib/engine/note-page-maker.js';
import type { HubPorts, Note } from '../../lib/engine/ports.js';
import { MemoryConnection } from '../../lib/memory/connection.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryViews } from '../../lib/memory/views.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { encodeHead } from '../../lib/wire/head-codec.js';
import type { EntityHead, OrchestrationHead, RuntimeStatus } from '../../lib/wire/head.js';
import { entityNoteOf } from '../../lib/wire/entity-note.js';
import { noteOf } from '../../lib/wire/head-summary.js';
import { recordingLogger } from '../engine/surroundings.js';

/** Pages of some ten notes, made of five heads. */
const SMALL = { maxBodyBytes: 2_000, worth: 5 };

const headOf = (instanceId: string, status: RuntimeStatus): OrchestrationHead => ({
  v: 1,
  type: 'orchestration',
  epoch: 1,
  logSeq: 1,
  commit: 'c',
  instanceId,
  name: 'order',
  executionId: 'E',
  createdAt: 1,
  updatedAt: 2,
  status,
  history: [],
  segments: [],
});

/** One partition whose heads are written as the test says, and the pages of their notes. */
class Stock {
  readonly world = new MemoryWorld();
  readonly hub = this.world.createHub('test', 1);
  readonly ports: HubPorts = this.portsOf('owner');
  readonly changes = new HeadChanges();
  readonly maker = this.makerOf(1, this.changes);
  /** What is stored, and where. */
  readonly stored = new Map<string, { readonly status: RuntimeStatus; readonly sequence: number }>();

  portsOf(name: string): HubPorts {
    return memoryHubPorts(this.hub.connect(name), recordingLogger());
  }

  makerOf(epoch: number, changes = new HeadChanges(), ports = this.ports): NotePageMaker {
    return new NotePageMaker({ ...ports.partition(0), maxBodyBytes: SMALL.maxBodyBytes }, epoch, changes, SMALL.worth);
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.world.scheduler.settle(promise, 60_000);
  }

  async write(id: string, status: RuntimeStatus, isNoted = true): Promise<void> {
    const subject = this.ports.subjects.partition(0).head(`o.${id}`);
    const head = headOf(id, status);
    const former = this.stored.get(id)?.sequence ?? 0;
    const note = isNoted ? noteOf(head) : undefined;
    const sequence = await this.settle(this.ports.viewsOf(0).write(subject, encodeHead(head), former, note));
    if (sequence === undefined) throw new Error(`${subject} is not stored`);
    this.changes.written(former);
    this.stored.set(id, { status, sequence });
  }

  async purge(id: string): Promise<void> {
    const { sequence } = this.stored.get(id)!;
    await this.settle(this.ports.viewsOf(0).remove(this.ports.subjects.partition(0).head(`o.${id}`), sequence));
    this.changes.removed(sequence);
    this.stored.delete(id);
  }

  make(maker = this.maker): Promise<void> {
    return this.settle(maker.make());
  }

  /** The ids of instances from `from` to `to`, whose state says whether the number fits. */
  async fill(from: number, to: number, fits: (n: number) => boolean): Promise<void> {
    for (let n = from; n < to; n++) await this.write(`i${n}`, fits(n) ? 'Failed' : 'Completed');
  }

  /** What a scan finds, in order. */
  async find(filter: InstanceFilter, ports = this.ports, from?: ScanPosition): Promise<readonly FoundInstance[]> {
    const found: FoundInstance[] = [];
    const scan = findInstances(ports, checkFilter(filter), from);
    for (let next = await this.settle(scan.next()); next.done !== true; next = await this.settle(scan.next()))
      found.push(...next.value);
    return found;
  }

  ids(status: RuntimeStatus): string[] {
    return Array.from(this.stored)
      .filter(([, stored]) => stored.status === status)
      .toSorted(([, a], [, b]) => a.sequence - b.sequence)
      .map(([id]) => id);
  }

  /** The pages that are stored. */
  get pages(): string[] {
    const prefix = this.ports.subjects.partition(0).notePage('');
    return Array.from(this.hub.streams(0).state.all(), ({ subject }) => subject).filter((subject) =>
      subject.startsWith(prefix),
    );
  }
}

/** Ports whose looks at notes begin where they are told, and which may leave some away, as a replica that is behind does. */
function looking(stock: Stock, isKnown: (note: Note) => boolean = () => true) {
  const connection = stock.hub.connect('looking');
  const begins: number[] = [];
  class Views extends MemoryViews {
    override async *notes(pattern: string, from: number): AsyncIterable<readonly Note[]> {
      begins.push(from);
      for await (const notes of super.notes(pattern, from)) yield notes.filter(isKnown);
    }
  }
  const ports = {
    ...memoryHubPorts(connection, recordingLogger()),
    viewsOf: (partition: number) => new Views(connection as MemoryConnection, partition),
  };
  return { ports, begins };
}

const idsOf = (found: readonly FoundInstance[]): string[] => found.map(({ instanceId }) => instanceId);
const isRare = (n: number): boolean => n % 50 === 7;

test('what hardly any fit is found in the pages, and then in the notes behind them', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 300, isRare);
  await stock.make();
  t.true(stock.pages.length > 10);
  await stock.fill(300, 304, () => true);
  const { ports, begins } = looking(stock);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' }, ports)), stock.ids('Failed'));
  t.deepEqual(begins, [stock.stored.get('i299')!.sequence + 1]);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Running' }, ports)), []);
});

test('what many fit is read from the notes, as without pages', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 100, () => false);
  await stock.make();
  const { ports, begins } = looking(stock);
  t.deepEqual(idsOf(await stock.find({}, ports)), stock.ids('Completed'));
  t.deepEqual(begins, [1]);
});

test('the note of a page counts only while its head is stored there: what moved is told once, where it is now', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 200, isRare);
  await stock.make();
  await stock.write('i7', 'Completed');
  await stock.write('i57', 'Failed');
  await stock.purge('i107');
  const { ports, begins } = looking(stock);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' }, ports)), ['i157', 'i57']);
  t.true(begins[0]! > 190);
});

test('a list that goes on in the midst of the pages begins in the page that has its place', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 300, isRare);
  await stock.make();
  const failed = stock.ids('Failed');
  const client = new TaskHubClient({ ports: stock.portsOf('client') });
  for (const pageSize of [1, 2, 3, 100]) {
    const listed: string[] = [];
    let continuationToken: string | undefined;
    do {
      const filter = { runtimeStatus: 'Failed' } as const;
      const page = await stock.settle(client.listInstanceIds(filter, { pageSize, continuationToken }));
      listed.push(...page.instanceIds);
      if (listed.length > failed.length) return t.fail('one was told twice');
      ({ continuationToken } = page);
    } while (continuationToken !== undefined);
    t.deepEqual(listed, failed);
  }
  const { total } = await stock.settle(client.countInstances({ runtimeStatus: 'Failed' }));
  t.is(total, failed.length);
});

test('heads without notes are read, wherever they stand', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 100, () => false);
  await stock.write('bare', 'Failed', false);
  await stock.fill(100, 200, () => false);
  await stock.make();
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' })), ['bare']);
});

test('a page that is gone or cannot be read, and a directory that cannot, are as if there was none', async (t) => {
  for (const [what, spoil] of [
    ['page', (stock: Stock) => stock.pages[5]!],
    ['directory', (stock: Stock) => stock.ports.subjects.partition(0).notePages],
  ] as const)
    for (const how of ['gone', 'unreadable'] as const) {
      const stock = new Stock();
      await stock.fill(0, 300, isRare);
      await stock.make();
      const views = stock.ports.viewsOf(0);
      const subject = spoil(stock);
      const { sequence } = (await stock.settle(views.read(subject)))!;
      if (how === 'gone') await stock.settle(views.remove(subject, sequence));
      else await stock.settle(views.write(subject, new TextEncoder().encode('{"v":9}\n'), sequence));
      const { ports, begins } = looking(stock);
      t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' }, ports)), stock.ids('Failed'), `${what} ${how}`);
      t.true(begins[0]! < 200);
    }
});

test('what has moved to where a replica that is behind does not see it is not missed', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 200, isRare);
  await stock.make();
  const { last } = stock.hub.streams(0).state;
  await stock.write('i157', 'Failed');
  await stock.write('i57', 'Failed');
  await stock.write('i107', 'Completed');
  const { ports } = looking(stock, ({ sequence }) => sequence <= last);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' }, ports)), ['i7', 'i157', 'i57']);
});

test('pages are made of what no page covers, once it is enough', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 4, () => false);
  t.false(stock.maker.isDue);
  await stock.make();
  t.deepEqual(stock.pages, []);
  await stock.fill(4, 100, () => false);
  t.true(stock.maker.isDue);
  await stock.make();
  t.false(stock.maker.isDue);
  const first = stock.pages;
  await stock.fill(100, 150, (n) => n === 100);
  await stock.make();
  t.deepEqual(stock.pages.slice(0, first.length), first);
  t.true(stock.pages.length > first.length);
  await stock.write('i1', 'Failed');
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' })), ['i100', 'i1']);
});

test('pages most of whose entries are stale are made anew, and the former ones are removed', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 100, isRare);
  await stock.make();
  const first = stock.pages;
  for (let n = 0; n < 60; n++) await stock.purge(`i${n}`);
  t.true(stock.maker.isDue, 'nothing was written');
  await stock.make();
  t.false(stock.maker.isDue);
  t.true(stock.pages.length > 0 && stock.pages.length < first.length);
  t.deepEqual(
    stock.pages.filter((page) => first.includes(page)),
    [],
  );
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' })), stock.ids('Failed'));
  for (const id of stock.stored.keys()) await stock.purge(id);
  await stock.make();
  t.deepEqual(stock.pages, []);
});

test('who takes over goes on with the pages that are there, and knows how many of their entries were stale', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 100, isRare);
  await stock.make();
  for (let n = 0; n < 50; n++) await stock.purge(`i${n}`);
  await stock.fill(100, 110, () => false);
  await stock.make();
  const former = stock.pages;
  const changes = new HeadChanges();
  const next = stock.makerOf(2, changes);
  await stock.make(next);
  t.deepEqual(stock.pages, former);
  t.is(changes.stale, 50);
  t.is(changes.covered, stock.stored.get('i109')!.sequence);
});

test('of two owners that make pages at the same time one is refused, and makes them once more', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 100, isRare);
  const [former, later] = [stock.makerOf(1), stock.makerOf(2)];
  const made = await stock.settle(Promise.allSettled([former.make(), later.make()]));
  t.deepEqual(made.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' })), stock.ids('Failed'));
  await stock.fill(100, 120, isRare);
  await stock.make(later);
  const directory = stock.hub.streams(0).state.latest(stock.ports.subjects.partition(0).notePages)!;
  const named = [...new TextDecoder().decode(directory.body).matchAll(/"name":"([^"]*)"/g)].map(([, name]) => name);
  t.deepEqual(
    stock.pages.map((page) => page.split('.').slice(-2).join('.')).toSorted((a, b) => (a < b ? -1 : 1)),
    named.toSorted((a, b) => (a! < b! ? -1 : 1)),
    'what nothing names is removed',
  );
  const { ports, begins } = looking(stock);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' }, ports)), stock.ids('Failed'));
  t.deepEqual(begins, [stock.stored.get('i119')!.sequence + 1]);
});

test('a directory that a deposed owner stores late names pages that are gone: all is found, and the next owner mends it', async (t) => {
  const stock = new Stock();
  await stock.fill(0, 100, isRare);
  const { ports } = stock;
  const late: (() => Promise<number | undefined>)[] = [];
  const views = ports.viewsOf(0);
  const names = ports.subjects.partition(0);
  const held = {
    ...ports,
    partition: () => ({
      ...ports.partition(0),
      views: {
        read: views.read.bind(views),
        remove: views.remove.bind(views),
        scan: views.scan.bind(views),
        subjects: views.subjects.bind(views),
        notes: views.notes.bind(views),
        write: async (subject: string, ...of: [Uint8Array, number, string?]) => {
          if (subject !== names.notePages) return views.write(subject, ...of);
          late.push(() => views.write(subject, ...of));
          return undefined;
        },
      },
    }),
  };
  const former = stock.makerOf(1, new HeadChanges(), held);
  await t.throwsAsync(stock.make(former), { message: /not stored, or somebody else/ });
  t.true(stock.pages.length > 0);
  const later = stock.makerOf(2);
  const made = later.make();
  const outcome = stock.settle(
    made.then(
      () => 'made',
      () => 'refused',
    ),
  );
  // It looks, and removes what nothing names; then the former owner's directory arrives.
  const isTidy = (): boolean => !stock.pages.some((page) => page.includes('.n.1.'));
  for (let step = 0; !isTidy() && step < 1_000; step++) await stock.world.scheduler.advance(1);
  t.true(isTidy());
  const stored = await stock.settle(late[0]!());
  if ((await outcome) === 'refused') t.not(stored, undefined);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' })), stock.ids('Failed'));
  await stock.make(later);
  const { ports: lookingPorts, begins } = looking(stock);
  t.deepEqual(idsOf(await stock.find({ runtimeStatus: 'Failed' }, lookingPorts)), stock.ids('Failed'));
  t.deepEqual(begins, [stock.stored.get('i99')!.sequence + 1]);
});

test('entities are found in the pages, too, and none that has gone', async (t) => {
  const stock = new Stock();
  const views = stock.ports.viewsOf(0);
  const names = stock.ports.subjects.partition(0);
  const entity = (name: string, key: string): EntityHead => ({
    v: 1,
    type: 'entity',
    epoch: 1,
    logSeq: 1,
    commit: 'c',
    name,
    key,
    updatedAt: 5,
    state: 1,
  });
  const write = (name: string, key: string) =>
    stock.settle(
      views.write(names.head(`e.${name}.${key}`), encodeHead(entity(name, key)), 0, entityNoteOf(entity(name, key))),
    );
  await stock.fill(0, 100, isRare);
  await write('cart', 'a');
  const gone = await write('cart', 'gone');
  await write('card', 'c');
  await stock.fill(100, 200, isRare);
  await stock.make();
  await stock.settle(views.remove(names.head('e.cart.gone'), gone!));
  const client = new TaskHubClient({ ports: stock.portsOf('client') });
  const { entities } = await stock.settle(client.entities.list({ entity: 'cart' }));
  t.deepEqual(
    entities.map(({ entityId }) => entityId),
    [{ name: 'cart', key: 'a' }],
  );
  t.is((await stock.settle(client.entities.list({ keyPrefix: 'c' }))).entities.length, 1);
  t.is((await stock.settle(client.entities.list())).entities.length, 2);
});

for (let seed = 1; seed <= 40; seed++)
  test(`heads are written, purged and paged while they are listed: none is missed and none told wrongly, seed ${seed}`, async (t) => {
    const random = randomOf(seed);
    const stock = new Stock();
    const states: readonly RuntimeStatus[] = ['Running', 'Completed', 'Completed', 'Completed', 'Failed'];
    const makers = [stock.maker, stock.makerOf(2)];
    /** Since the scan began: what each was, in turn. */
    const were = new Map<string, (RuntimeStatus | undefined)[]>();
    const act = async (): Promise<void> => {
      const id = `i${random(200)}`;
      const kind = random(20);
      if (kind === 0) return stock.make(makers[random(2)]).catch(() => {}); // another one was faster
      if (kind < 4) {
        if (stock.stored.has(id)) await stock.purge(id);
      } else await stock.write(id, states[random(random(4) === 0 ? 5 : 4)]!, random(10) > 0);
      were.set(id, [...(were.get(id) ?? []), stock.stored.get(id)?.status]);
    };
    for (let n = 0; n < 300; n++) await act();
    await stock.make(makers[random(2)]).catch(() => {});
    for (let round = 0; round < 10; round++) {
      were.clear();
      for (const [id, { status }] of stock.stored) were.set(id, [status]);
      const before = new Set(stock.stored.keys());
      const status = random(2) === 0 ? 'Failed' : 'Running';
      const scan = findInstances(stock.portsOf(`client${round}`), checkFilter({ runtimeStatus: status }));
      const told: string[] = [];
      for (;;) {
        const next = await stock.settle(scan.next());
        if (next.done === true) break;
        told.push(...idsOf(next.value));
        for (let n = random(round); n > 0; n--) await act();
      }
      t.is(new Set(told).size, told.length, 'each once');
      for (const id of told) t.true(were.get(id)!.includes(status), `${id} never was`);
      for (const [id, of] of were)
        if (before.has(id) && of.every((one) => one === status)) t.true(told.includes(id), `${id} is missed`);
    }
  });

/** A generator of the same numbers below `limit` for the same seed. */
function randomOf(seed: number): (limit: number) => number {
  let state = seed * 2_654_435_761;
  return (limit) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % Math.max(1, limit);
  };
}
