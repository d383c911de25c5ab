import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { FolderLock } from '../../../lib/nats/server/folder-lock.js';
import { until } from '../../until.js';
import { temporaryFolder } from './fakes.js';

const ended = { pid: process.pid, started: 'another time' };

test('a lock has one holder at a time, and each sees the note of the one before', async (t) => {
  const folder = temporaryFolder(t);
  let inside = 0;
  let most = 0;
  const contender = async () => {
    for (let taken = 0; taken < 10;) {
      const held = await new FolderLock<number>(folder).tryTake((left = 0) => left + 1);
      await turn();
      if (held === undefined) continue;
      most = Math.max(most, ++inside);
      taken++;
      const note = (await new FolderLock<number>(folder).noteOfHolder()) ?? 0;
      inside--;
      await held.release(note);
    }
  };
  await Promise.all(Array.from({ length: 4 }, contender));
  t.is(most, 1);
  const last = await new FolderLock<number>(folder).tryTake((left = 0) => left);
  t.deepEqual([last !== undefined, await new FolderLock<number>(folder).noteOfHolder()], [true, 40]);
  t.is(readdirSync(folder).length, 1);
});

test('of many that find a stale lock one takes it over', async (t) => {
  for (const content of [JSON.stringify({ holder: ended, note: 'left' }), '', '{"holder":']) {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, '41.json'), content);
    const lock = new FolderLock<string>(folder);
    t.is(await lock.noteOfHolder(), undefined);
    const takes = Array.from({ length: 12 }, (_, n) => lock.tryTake((left = 'nothing') => `${left} ${n}`));
    const taken = (await Promise.all(takes)).filter((held) => held !== undefined);
    t.is(taken.length, 1);
    t.regex((await lock.noteOfHolder())!, content.endsWith('}') ? /^left \d+$/ : /^nothing \d+$/);
    t.deepEqual(readdirSync(folder), ['42.json']);
  }
});

test('a lock that is held is not taken, and other files in its folder do not matter', async (t) => {
  const folder = join(temporaryFolder(t), 'lock');
  const lock = new FolderLock<string>(folder);
  t.is(await lock.noteOfHolder(), undefined);
  mkdirSync(folder);
  for (const name of ['9.txt', 'draft-1', 'x8.json']) writeFileSync(join(folder, name), '');
  const held = await lock.tryTake(() => 'first');
  t.is(await lock.tryTake(() => 'second'), undefined);
  await held!.write('changed');
  t.is(await lock.noteOfHolder(), 'changed');
  await held!.release('left');
  t.is(await lock.noteOfHolder(), undefined);
  t.not(await lock.tryTake((left) => `after ${left}`), undefined);
  t.is(await lock.noteOfHolder(), 'after left');
});

test('a holder in another container is seen by its touches, and its lock is taken when they end', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, '7.json');
  const elsewhere = { pid: 1, started: 'then', where: 'another container' };
  writeFileSync(file, JSON.stringify({ holder: elsewhere, note: 'theirs' }));
  const lock = new FolderLock<string>(folder);
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), 200);
  t.teardown(() => clearInterval(beat));
  t.is(await lock.noteOfHolder(), 'theirs');
  t.is(await lock.tryTake(() => 'mine'), undefined);
  clearInterval(beat);
  t.is(await lock.noteOfHolder(), undefined);
  const held = await lock.tryTake((left) => `after ${left}`);
  t.is(await lock.noteOfHolder(), 'after theirs');
  await held!.release('left');
});

test('a holder that others took for gone is told when it goes on', async (t) => {
  const folder = temporaryFolder(t);
  const held = await new FolderLock<string>(folder).tryTake(() => 'first');
  writeFileSync(join(folder, '2.json'), JSON.stringify({ holder: ended, note: 'second' }));
  rmSync(held!.file);
  await t.notThrowsAsync(held!.lost);
});

test('a holder touches its record for as long as it holds it', async (t) => {
  const folder = temporaryFolder(t);
  const held = await new FolderLock<string>(folder).tryTake(() => 'mine');
  const { mtimeMs } = statSync(held!.file);
  await t.notThrowsAsync(until(() => statSync(held!.file).mtimeMs > mtimeMs, 'a touch'));
  await held!.release('left');
});
