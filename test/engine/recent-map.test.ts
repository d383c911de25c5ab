import fc from 'fast-check';
import test from 'ava';
import { RecentMap } from '../../lib/engine/recent-map.js';

const keys = fc.integer({ min: 0, max: 12 });
const steps = fc.array(fc.record({ key: keys, isRemoved: fc.boolean() }), { maxLength: 200 });

test('it has what a list has that is cut to the last ones, whatever is set again and deleted', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), steps, (limit, all) => {
      const map = new RecentMap<number, number>(limit);
      let expected: [number, number][] = [];
      for (const [at, { key, isRemoved }] of all.entries()) {
        expected = expected.filter(([other]) => other !== key);
        if (isRemoved) map.delete(key);
        else {
          map.set(key, at);
          expected = [...expected, [key, at] as [number, number]].slice(-limit);
        }
        t.deepEqual([...map.entries()], expected);
      }
    }),
  );
  t.pass();
});
