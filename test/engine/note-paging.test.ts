import test from 'ava';
import { HeadChanges } from '../../lib/engine/head-changes.js';
import { Loops } from '../../lib/engine/loops.js';
import { NotePageMaker } from '../../lib/engine/note-page-maker.js';
import { NotePaging, PagingTurn } from '../../lib/engine/note-paging.js';
import { decodeNotePage, decodeNotePages, type NotePages } from '../../lib/wire/note-pages.js';
import { bankHost, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

type Around = ReturnType<typeof surroundings>;

/** After a takeover, and between two looks, with room to spare. */
const WHILE = 30_000;

async function signalled({ client, settle, advance }: Around, from: number, to: number): Promise<void> {
  const signals = Array.from({ length: to - from }, (_, n) => client.signal('counter', `k${from + n}`, 'add', 'x'));
  await settle(Promise.all(signals));
  await advance(1_000);
}

function directory({ hub, client }: Around): { readonly sequence: number; readonly pages: NotePages } | undefined {
  const stored = hub.streams(0).state.latest(client.ports.subjects.partition(0).notePages);
  return stored && { sequence: stored.sequence, pages: decodeNotePages(stored.body, 'the directory') };
}

/** The addresses in all pages that the directory names. */
function paged(around: Around): string[] {
  const { subjects } = around.client.ports;
  const { state } = around.hub.streams(0);
  const names = subjects.partition(0);
  const head = names.head('');
  return directory(around)!.pages.pages.flatMap(({ name, sequence, last, entries }) => {
    const stored = state.latest(names.notePage(name))!;
    const found = decodeNotePage(stored.body, head)!;
    if (stored.sequence !== sequence || found.length !== entries || found.at(-1)!.sequence !== last)
      throw new Error(`The directory is wrong about ${name}`);
    return found.map(({ subject }) => subject.slice(head.length));
  });
}

test('an owner makes pages of the notes of 2,000 heads, a while after it has written them, and goes on with those that come', async (t) => {
  const around = surroundings(1);
  const worker = new MemoryWorker(around.hub, 'w', bankHost());
  await around.settle(worker.claim());
  await signalled(around, 0, 1_900);
  await around.advance(WHILE);
  t.is(directory(around), undefined, 'too few');
  await signalled(around, 1_900, 2_100);
  await around.advance(WHILE);
  const first = paged(around);
  t.is(new Set(first).size, 2_100);
  t.is(first.length, 2_100);
  await signalled(around, 2_100, 4_200);
  await around.advance(WHILE);
  t.deepEqual(paged(around).slice(0, 2_100), first);
  t.is(new Set(paged(around)).size, 4_200);
  await around.settle(worker.stop());
});

test('who takes over looks once, and makes pages of what nobody has made any of', async (t) => {
  const around = surroundings(1);
  const former = new MemoryWorker(around.hub, 'former', bankHost());
  await around.settle(former.claim());
  await signalled(around, 0, 2_500);
  await around.settle(former.stop());
  t.is(directory(around), undefined);
  const later = new MemoryWorker(around.hub, 'later', bankHost());
  await around.settle(later.claim());
  t.is(directory(around), undefined, 'not while it takes over');
  await around.advance(WHILE);
  t.is(paged(around).length, 2_500);
  await around.settle(later.stop());
  const last = new MemoryWorker(around.hub, 'last', bankHost());
  const { sequence } = directory(around)!;
  await around.settle(last.claim());
  await around.advance(WHILE);
  t.is(directory(around)!.sequence, sequence, 'there is nothing to do');
  await around.settle(last.stop());
});

/** A maker that is due, and does as it is told. */
class TestMaker extends NotePageMaker {
  due = true;
  made = 0;
  outcome: () => Promise<void> = () => Promise.resolve();

  constructor(around: Around) {
    super(around.client.ports.partition(0), 1, new HeadChanges());
  }

  override get isDue(): boolean {
    return this.due;
  }

  override make(): Promise<void> {
    this.made++;
    return this.outcome();
  }
}

function paging(around: Around, turn: PagingTurn, lines: string[] = []) {
  const maker = new TestMaker(around);
  const { clock, subjects } = around.client.ports.partition(0);
  const ports = { clock, subjects, logger: recordingLogger(lines) };
  return { maker, pages: new NotePaging(ports, maker, turn, new Loops(clock)) };
}

test('pages are made one partition after another, ten seconds after the takeover and five after the ones before', async (t) => {
  const around = surroundings(1);
  const turn = new PagingTurn();
  const [a, b] = [paging(around, turn), paging(around, turn)];
  const beat = (): readonly number[] => {
    for (const { pages } of [a, b]) pages.beat();
    return [a.maker.made, b.maker.made];
  };
  t.deepEqual(beat(), [0, 0]);
  await around.advance(10_000);
  let end = (): void => {};
  a.maker.outcome = () => new Promise((resolve) => (end = resolve));
  t.deepEqual(beat(), [1, 0]);
  await around.advance(20_000);
  t.deepEqual(beat(), [1, 0]);
  end();
  await around.advance(1);
  t.deepEqual(beat(), [1, 1]);
  await around.advance(4_000);
  t.deepEqual(beat(), [1, 1]);
  await around.advance(1_000);
  t.deepEqual(beat(), [2, 1]);
  end();
  await around.advance(10_000);
  a.maker.due = false;
  t.deepEqual(beat(), [2, 2]);
  b.pages.stop();
  await around.advance(10_000);
  t.deepEqual(beat(), [2, 2]);
});

test('pages that are not made are told of, with the partition, and tried again', async (t) => {
  const around = surroundings(1);
  const lines: string[] = [];
  const { maker, pages } = paging(around, new PagingTurn(), lines);
  maker.outcome = () => Promise.reject(new Error('it is full'));
  for (let times = 1; times <= 3; times++) {
    await around.advance(10_000);
    pages.beat();
    await around.advance(1);
    t.is(maker.made, times);
    t.is(lines.filter((line) => line.includes('it is full')).length, times);
  }
});
