import fc from 'fast-check';
import { bounds, close, shortLived, storeOperations } from './hub-operations.js';
import type { Kind, Operation } from './operation.js';
import { taskOperations } from './task-operations.js';
import { kindsOf } from './trace.js';

/** The longest list that is drawn. */
const LONGEST = 80;

const operationOf = (drawn: readonly Kind[]): fc.Arbitrary<Operation> =>
  fc.oneof(
    ...drawn.map(({ call, weight, arguments: given }) => ({
      weight,
      arbitrary: fc.record({ call: fc.constant(call), with: given }),
    })),
  );

const listOf = (drawn: readonly Kind[], longest: number): fc.Arbitrary<Operation[]> =>
  fc.noBias(fc.array(operationOf(drawn), { minLength: 1, maxLength: longest, size: 'max' }));

/** In a part of the lists a connection is closed, and what is asked of it then is refused. */
const closing = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.record({ operation: operationOf([close]), behind: fc.nat(LONGEST) }) },
);

const closed = (drawn: fc.Arbitrary<Operation[]>): fc.Arbitrary<Operation[]> =>
  fc
    .tuple(drawn, closing)
    .map(([list, end]) => (end ? list.toSpliced(end.behind % (list.length + 1), 0, end.operation) : list));

/** Lists of operations of every kind, and more of one port's, where it happens more often that one meets another. */
export const lists = closed(
  fc.oneof(
    { weight: 3, arbitrary: listOf([...kindsOf.flat(), bounds], LONGEST) },
    ...kindsOf.map((kinds) => ({ weight: 1, arbitrary: listOf([...kinds, bounds], LONGEST) })),
  ),
);

/** In lists that last few tasks are done, and workers stay. */
const rare = ['tasks.acknowledge', 'tasks.consume', 'tasks.consume, closed'];
const lastingTasks = taskOperations.map((kind) => (rare.includes(kind.call) ? { ...kind, weight: 1 } : kind));

const taskKinds = (...calls: string[]): Kind[] => lastingTasks.filter(({ call }) => calls.includes(call));
const keeping = taskKinds('tasks.keep');
const notKeeping = lastingTasks.filter((kind) => !keeping.includes(kind));

/**
 * Lists in which time goes by: a task that is not kept comes again after 10 s, values are forgotten after 4 s or 10 s, and
 * none of that is near a pause's end. What is kept is kept after the first pause: in what order tasks come again whose
 * times end together is nobody's promise.
 */
export const lastingLists: fc.Arbitrary<Operation[]> = fc
  .tuple(
    operationOf(taskKinds('tasks.consume')),
    operationOf(taskKinds('tasks.want')),
    listOf([...notKeeping, shortLived], 40),
    listOf([...lastingTasks, ...storeOperations, shortLived, ...keeping, ...keeping], 30),
    listOf([...notKeeping, ...storeOperations], 30),
  )
  .map(([consume, want, first, second, third]) => [consume, want, ...first, aPause, ...second, aPause, ...third]);

/** In milliseconds. */
export const PAUSE = 6_500;
const aPause: Operation = { call: 'a pause', with: { milliseconds: PAUSE } };
