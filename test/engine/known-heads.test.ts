import test from 'ava';
import { KnownHeads } from '../../lib/engine/known-heads.js';
import type { PartitionPorts } from '../../lib/engine/ports.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';

const subjects = partitionSubjects('bank', 0);

function portsWith(stored: readonly string[], replicas = 1): Pick<PartitionPorts, 'views' | 'subjects' | 'log'> {
  const views = {
    subjects: () =>
      (async function* () {
        yield* stored.map((address) => subjects.head(address));
      })(),
  };
  return { subjects, log: { replicas }, views } as unknown as Pick<PartitionPorts, 'views' | 'subjects' | 'log'>;
}

test('before the heads are listed any instance may have one', async (t) => {
  const known = new KnownHeads(portsWith(['o.a']));
  t.true(known.mayHave('o.b'));
  await known.list();
  t.true(known.mayHave('o.a'));
  t.false(known.mayHave('o.b'));
});

test('a head that is written counts from before it is stored, also while they are listed', async (t) => {
  const known = new KnownHeads(portsWith([]));
  const listed = known.list();
  known.add('o.a');
  await listed;
  t.true(known.mayHave('o.a'));
});

test('however many there are, none is taken for new', async (t) => {
  const all = Array.from({ length: 50_000 }, (_, i) => `o.n${i}`);
  const known = new KnownHeads(portsWith(all));
  await known.list();
  t.true(all.every((address) => known.mayHave(address)));
  const strangers = Array.from({ length: 50_000 }, (_, i) => `o.m${i}`);
  const mistaken = strangers.filter((address) => known.mayHave(address));
  t.true(mistaken.length < 1_000, `${mistaken.length} of 50,000`);
});

test('P11: with several replicas a deposed leader may list, so any instance may have a head', async (t) => {
  const known = new KnownHeads(portsWith([], 3));
  await known.list();
  t.true(known.mayHave('o.a'));
});
