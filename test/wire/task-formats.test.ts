import test from 'ava';
import fc from 'fast-check';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/wire/checkpoint-codec.js';
import { idsIn, rangesOf } from '../../lib/wire/id-ranges.js';
import * as tasks from '../../lib/wire/task-codec.js';
import { accepted, bytes, formats, readAndWritten, recorded, type Format } from './golden.js';

const golden = recorded('tasks');

const { messages: _, ...told } = formats;
const ofTasks: Record<string, Format> = {
  ...told,
  requests: { decode: (body) => accepted(tasks.decodeTaskRequest(body)), encode: tasks.encodeTaskRequest },
  unwanted: { decode: (body) => accepted(tasks.decodeUnwanted(body)), encode: tasks.encodeUnwanted },
  checkpoints: { decode: (body) => decodeCheckpoint(body, 'The checkpoint'), encode: encodeCheckpoint },
};

for (const [kind, format] of Object.entries(ofTasks))
  test(`format 1 of ${kind}, with what work queues need, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('numbers are kept as ranges, and come back as they were', (t) => {
  t.deepEqual(rangesOf([7, 1, 2, 3]), [1, 3, 7, 7]);
  t.deepEqual([...idsIn([1, 3, 7, 7])], [1, 2, 3, 7]);
  t.deepEqual(rangesOf([]), []);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(40)), (ids) => {
      t.deepEqual(
        [...idsIn(rangesOf(ids))],
        ids.toSorted((a, b) => a - b),
      );
    }),
    { seed: 1 },
  );
});

test('what the owner answers is read by the worker that asked', (t) => {
  for (const wire of golden['answers']!) t.deepEqual(accepted(tasks.decodeWanted(bytes(wire))), wire);
  t.true('refused' in tasks.decodeWanted(bytes({ v: 1, kind: 'failed', failure: { name: 'E', message: 'm' } })));
});

test('a request from anybody is refused with its reason, and nothing throws', (t) => {
  const request = golden['requests']![1]!;
  const wrong: readonly [object, RegExp][] = [
    [{ to: 'e.a.*' }, /^\.to: Not an encoded entity key/],
    [{ name: '$JS' }, /^\.name: Invalid activity name/],
    [{ executionId: 'a.b' }, /^\.executionId: must be 1 to 64 of/],
    [{ taskId: -1 }, /^\.taskId: must be a whole number/],
    [{ timeout: 'soon' }, /^\.timeout: must be a finite number/],
    [{ v: 2 }, /format version 2/],
  ];
  for (const [field, reason] of wrong) {
    const decoded = tasks.decodeTaskRequest(bytes({ ...request, ...field }));
    t.regex('refused' in decoded ? decoded.refused : '', reason);
  }
  t.deepEqual(tasks.decodeTaskRequest(new TextEncoder().encode('{')), { refused: 'not JSON' });
});
