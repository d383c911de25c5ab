import test from 'ava';
import type { OrchestrationHead } from '../../lib/wire/head.js';
import { maxNoteBytes, mayHaveParent, noteOf, readNote, summaryOf } from '../../lib/wire/head-summary.js';

const head: OrchestrationHead = {
  v: 1,
  type: 'orchestration',
  epoch: 1,
  logSeq: 7,
  commit: '1.7',
  instanceId: 'a',
  name: 'order',
  executionId: 'x2',
  status: 'Running',
  createdAt: 5,
  updatedAt: 6,
  segments: [],
  history: [],
};

test('a note says what instances are looked for by, in a form that does not change', (t) => {
  t.is(noteOf(head), '[1,"order","Running",5,6,"x2"]');
  t.is(
    noteOf({ ...head, run: 'x1', tags: { customer: 'Ä "1"' } }),
    '[1,"order","Running",5,6,"x1",{"customer":"Ä \\"1\\""}]',
  );
  for (const one of [head, { ...head, run: 'x1', tags: {} }, { ...head, status: 'ContinuedAsNew' } as const])
    t.deepEqual(readNote(noteOf(one)), summaryOf(one));
  t.is(readNote(noteOf({ ...head, status: 'ContinuedAsNew' }))?.status, 'Running');
});

test('the note of a child says which run has started it, behind its tags', (t) => {
  const parent = { instanceId: 'p', executionId: 'p3', taskId: 7, run: 'p1' };
  const child = { ...head, tags: { a: 'b' }, parent };
  t.is(noteOf(child), '[1,"order","Running",5,6,"x2",{"a":"b"},["p","p1"]]');
  t.deepEqual(readNote(noteOf(child)), summaryOf(child));
  t.true(mayHaveParent(noteOf(child)!));
  const { run: _, ...first } = parent;
  t.is(noteOf({ ...head, parent: first }), '[1,"order","Running",5,6,"x2",{},["p","p3"]]');
  for (const tags of [undefined, { a: '[[]]' }, { 'a]]': ']]' }])
    t.false(mayHaveParent(noteOf({ ...head, ...(tags && { tags }) })!));
});

test('a long note is none, counted in bytes', (t) => {
  const of = (length: number, letter: string) => noteOf({ ...head, tags: { a: letter.repeat(length) } });
  const rest = of(0, 'x')!.length;
  t.truthy(of(maxNoteBytes - rest, 'x'));
  t.is(of(maxNoteBytes - rest + 1, 'x'), undefined);
  t.is(of((maxNoteBytes - rest) / 2 + 1, 'ä'), undefined);
});

test('what is no note of this version says nothing', (t) => {
  for (const note of [
    undefined,
    '',
    'x',
    '7',
    'null',
    '{}',
    '[]',
    '[2,"order","Running",5,6,"x2"]',
    '[1,"order","Walking",5,6,"x2"]',
    '[1,"order","Running","5",6,"x2"]',
    '[1,"order","Running",5,null,"x2"]',
    '[1,7,"Running",5,6,"x2"]',
    '[1,"order","Running",5,6]',
    '[1,"order","Running",5,6,"x2",["a"]]',
    '[1,"order","Running",5,6,"x2",null]',
    '[1,"order","Running",5,6,"x2",{"a":1}]',
    '[1,"order","Running",5,6,"x2",{},["p"]]',
    '[1,"order","Running",5,6,"x2",{},"p"]',
    '[1,"order","Running",5,6,"x2",null,["p","p1"]]',
  ])
    t.is(readNote(note), undefined, note);
});
