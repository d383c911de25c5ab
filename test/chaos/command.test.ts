import test from 'ava';
import { commandOf, mixOf } from './campaign/command.js';

test('a chaos run tells the command that repeats it, with all that was not as usual', (t) => {
  t.is(commandOf({ seed: 7, minutes: 0.5 }), 'npm run chaos -- --minutes 0.5 --seed 7');
  t.is(
    commandOf({ seed: 7, minutes: 3, workers: 3, replicas: 1, operationsPerSecond: 200 }),
    'npm run chaos -- --minutes 3 --seed 7',
  );
  const mix = mixOf(['jam', 'workerFreeze', 'jam']);
  t.deepEqual(mix, { jam: 2, workerFreeze: 1 });
  t.is(
    commandOf({ seed: 1, minutes: 4, workers: 5, replicas: 3, operationsPerSecond: 100, mix, pause: 11_000 }),
    'npm run chaos -- --minutes 4 --seed 1 --workers 5 --replicas 3 --rate 100 --pause 11000 --only jam --only jam --only workerFreeze',
  );
  t.is(mixOf([]), undefined);
});
