import test from 'ava';
import { BloomFilter } from '../../lib/engine/bloom-filter.js';

test('what was added is there, of what was not hardly anything, and it is full when it has as many as it was made for', (t) => {
  const filter = new BloomFilter(4_096);
  for (let i = 0; !filter.isFull; i++) filter.add(`e.counter.k${i}`);
  let [missed, mistaken] = [0, 0];
  for (let i = 0; i < 4_096; i++) if (!filter.mayHave(`e.counter.k${i}`)) missed++;
  for (let i = 0; i < 100_000; i++) if (filter.mayHave(`o.n${i}`)) mistaken++;
  t.is(missed, 0);
  t.true(mistaken < 200, `${mistaken} of 100,000`);
});
