import test from 'ava';
import fc from 'fast-check';
import { assign, type OwnershipView } from '../../lib/worker/assignment.js';

const none: ReadonlyMap<number, string> = new Map();

/** The assignment when nobody has dropped anything. */
const assigned = (partitions: number, ready: readonly string[], held = none, shunned = none) =>
  assign({ partitions, ready, held, shunned });

const ids = fc.uniqueArray(fc.stringMatching(/^[0-9A-Za-z]{1,22}$/), { minLength: 1, maxLength: 12 });
const hubs = fc.integer({ min: 1, max: 64 });

/** Workers, and partitions that they and others hold, as it may be in the middle of anything. */
const views: fc.Arbitrary<OwnershipView> = fc
  .record({ partitions: hubs, workers: ids })
  .chain(({ partitions, workers }) => {
    const holders = fc.array(fc.option(fc.constantFrom(...workers)), { minLength: partitions, maxLength: partitions });
    return fc
      .record({ ready: fc.subarray(workers), held: holders, shunned: holders })
      .map(({ ready, held, shunned }) => ({
        partitions,
        ready,
        held: byPartition(held),
        shunned: byPartition(shunned),
      }));
  });

function byPartition(owners: readonly (string | null)[]): ReadonlyMap<number, string> {
  return new Map(owners.flatMap((owner, partition) => (owner === null ? [] : [[partition, owner] as const])));
}

function loads(owners: ReadonlyMap<number, string>, workers: readonly string[]): number[] {
  return workers.map((worker) => [...owners.values()].filter((owner) => owner === worker).length);
}

/** The partitions that have another owner than before. */
function moved(before: ReadonlyMap<number, string>, after: ReadonlyMap<number, string>): number[] {
  return [...after.keys()].filter((partition) => after.get(partition) !== before.get(partition));
}

test('every partition is assigned when a worker is ready, and the loads differ by one at the most', (t) => {
  fc.assert(
    fc.property(views, (view) => {
      const owners = assign(view);
      const pinned = [...view.held].filter(([, owner]) => !view.ready.includes(owner));
      for (const [partition, owner] of pinned) if (owners.get(partition) !== owner) return false;
      if (view.ready.length === 0) return owners.size === pinned.length;
      const balance = loads(owners, view.ready);
      return owners.size === view.partitions && Math.max(...balance) - Math.min(...balance) <= 1;
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('who sees the same computes the same, in whatever order it comes', (t) => {
  fc.assert(
    fc.property(views, fc.nat(), (view, turn) => {
      const { ready, held, shunned } = view;
      const rotated = ready.map((_, at) => ready[(at + turn) % ready.length]!);
      const again = {
        ...view,
        ready: rotated,
        held: new Map([...held].toReversed()),
        shunned: new Map([...shunned].toReversed()),
      };
      const [one, other] = [assign(view), assign(again)];
      return one.size === other.size && [...one].every(([partition, owner]) => other.get(partition) === owner);
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('a worker that joins takes its share from the others, and nothing else moves', (t) => {
  fc.assert(
    fc.property(hubs, ids, fc.nat(), (partitions, workers, at) => {
      const joiner = workers[at % workers.length]!;
      const former = workers.filter((worker) => worker !== joiner);
      if (former.length === 0) return true;
      const before = assigned(partitions, former);
      const after = assigned(partitions, workers, before);
      const gone = moved(before, after);
      const share = Math.floor(partitions / workers.length);
      return gone.every((partition) => after.get(partition) === joiner) && gone.length === share;
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('a worker that leaves gives the others what it had, and nothing else moves', (t) => {
  fc.assert(
    fc.property(hubs, ids, fc.nat(), (partitions, workers, at) => {
      const leaver = workers[at % workers.length]!;
      const left = workers.filter((worker) => worker !== leaver);
      if (left.length === 0) return true;
      const before = assigned(partitions, workers);
      const held = new Map([...before].filter(([, owner]) => owner !== leaver));
      const after = assigned(partitions, left, held);
      return moved(before, after).every((partition) => before.get(partition) === leaver);
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('an assignment that is carried out changes no more', (t) => {
  fc.assert(
    fc.property(views, (view) => {
      const owners = assign(view);
      return moved(owners, assign({ ...view, held: owners })).length === 0;
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('a partition goes back to the worker that dropped it only when there is no other', (t) => {
  const shunned = new Map([[0, 'a']]);
  t.deepEqual(assigned(1, ['a', 'b'], none, shunned), new Map([[0, 'b']]));
  t.deepEqual(assigned(1, ['a'], none, shunned), new Map([[0, 'a']]));
  // Also when the others have their shares: then it has one of theirs instead.
  const held = new Map([1, 2, 3, 4].map((partition) => [partition, partition < 3 ? 'b' : 'c'] as const));
  const owners = assigned(5, ['a', 'b', 'c'], held, shunned);
  t.not(owners.get(0), 'a');
  t.deepEqual(
    loads(owners, ['a', 'b', 'c']).toSorted((a, b) => a - b),
    [1, 2, 2],
  );
});

test('a fresh hub is spread by score, not in order', (t) => {
  const owners = assigned(64, ['a', 'b']);
  t.notDeepEqual(
    [...owners.keys()].filter((partition) => owners.get(partition) === 'a').toSorted((a, b) => a - b),
    [...Array(32).keys()],
  );
});
