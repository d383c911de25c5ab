import { subjectsOf } from '../../lib/wire/subjects.js';
import { all, bytes, type Check, text } from './harness.js';

/** What holds of a state stream. */
export function viewsContract(check: Check): void {
  check('views: a view is created once and then written over the sequence seen', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const subject = subjectsOf(hub).partition(0).head('o.a');
    t.is(await settle(views.read(subject)), undefined);
    const created = await settle(views.write(subject, bytes('1'), 0));
    t.is(created, 1);
    t.is(await settle(views.write(subject, bytes('created again'), 0)), undefined);
    t.is(await settle(views.write(subject, bytes('2'), 1)), 2);
    t.is(await settle(views.write(subject, bytes('stale'), 1)), undefined);
    const stored = await settle(views.read(subject));
    t.deepEqual([stored?.sequence, stored?.subject, text(stored)], [2, subject, '2']);
  });

  check('views: M1: a removed view is created again with 0', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const subject = subjectsOf(hub).partition(0).head('e.counter.a');
    await settle(views.write(subject, bytes('1'), 0));
    await settle(views.remove(subject, 1));
    t.is(await settle(views.read(subject)), undefined);
    t.is(await settle(views.write(subject, bytes('over what is gone'), 1)), undefined);
    t.is(await settle(views.write(subject, bytes('2'), 0)), 2);
    t.is(text(await settle(views.read(subject))), '2');
  });

  check('views: M2: a late removal of a former message leaves the new one', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const subject = subjectsOf(hub).partition(0).head('o.a');
    await settle(views.write(subject, bytes('1'), 0));
    await settle(views.write(subject, bytes('2'), 1));
    await settle(views.remove(subject, 1));
    await settle(views.remove(subject, 1));
    await settle(views.remove(subjectsOf(hub).partition(0).head('o.b'), 1_000));
    t.is(text(await settle(views.read(subject))), '2');
  });

  check('views: a scan gives the current messages of a pattern', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const names = subjectsOf(hub).partition(0);
    const scan = async (pattern: string) => {
      const found = await settle(all(views.scan(pattern)));
      return found.map((message) => text(message)!).toSorted((a, b) => (a < b ? -1 : 1));
    };
    t.deepEqual(await scan(names.heads), []);
    await settle(views.write(names.head('o.a'), bytes('a'), 0));
    await settle(views.write(names.wake('o.a'), bytes('wake'), 0));
    await settle(views.write(names.head('e.counter.b'), bytes('b'), 0));
    await settle(views.write(names.checkpoint, bytes('c'), 0));
    await settle(views.write(names.head('o.a'), bytes('a2'), 1));
    await settle(views.write(names.head('o.gone'), bytes('gone'), 0));
    await settle(views.remove(names.head('o.gone'), 6));
    t.deepEqual(await scan(names.heads), ['a2', 'b']);
    t.deepEqual(await scan(names.head('o.*')), ['a2']);
    t.deepEqual(await scan(names.head('e.counter.*')), ['b']);
    t.deepEqual(await scan(names.wakes), ['wake']);
    t.deepEqual(await scan(names.checkpoint), ['c']);
    t.deepEqual(await scan(`${names.checkpoint}.>`), []);
    t.deepEqual(await scan('pd.>'), ['a2', 'b', 'c', 'wake']);
  });

  check('views: the subjects of a pattern are those that have a message', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const names = subjectsOf(hub).partition(0);
    const subjects = async (pattern: string) => (await settle(all(views.subjects(pattern)))).toSorted();
    t.deepEqual(await subjects('pd.>'), []);
    const [a, b, gone] = [names.head('o.a'), names.head('o.b'), names.head('o.gone')];
    await settle(views.write(b, bytes('b'), 0));
    await settle(views.write(a, bytes('a'), 0));
    await settle(views.write(a, bytes('a2'), 2));
    await settle(views.write(gone, bytes('gone'), 0));
    await settle(views.write(names.wake('o.a'), bytes('wake'), 0));
    await settle(views.remove(gone, 4));
    t.deepEqual(await subjects(names.heads), [a, b]);
    t.deepEqual(await subjects(names.head('o.b')), [b]);
    t.deepEqual(await subjects(names.parkedPage('>')), []);
    const writes = Array.from({ length: 150 }, (_, at) => views.write(names.parkedPage(`1.${at}`), bytes(''), 0));
    await settle(Promise.all(writes));
    t.is((await subjects(names.parkedPage('>'))).length, 150);
  });

  check('views: notes are told in the order of storing, from a sequence on', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const names = subjectsOf(hub).partition(0);
    const notes = async (pattern: string, from = 1) => {
      const found = (await settle(all(views.notes(pattern, from)))).flat();
      return found.map(({ sequence, subject, note }) => [sequence, subject, note]);
    };
    t.deepEqual(await notes(names.heads), []);
    const [a, b, c] = [names.head('o.a'), names.head('o.b'), names.head('e.counter.c')];
    const note = JSON.stringify(['ä', '\\ "x"']);
    await settle(views.write(a, bytes('a'), 0, note));
    await settle(views.write(b, bytes('b'), 0));
    await settle(views.write(c, bytes('c'), 0, 'of an entity'));
    await settle(views.write(names.wake('o.a'), bytes('wake'), 0));
    t.deepEqual(await notes(names.heads), [
      [1, a, note],
      [2, b, undefined],
      [3, c, 'of an entity'],
    ]);
    await settle(views.write(a, bytes('a2'), 1, 'another'));
    t.deepEqual(await notes(names.head('o.*')), [
      [2, b, undefined],
      [5, a, 'another'],
    ]);
    t.deepEqual(await notes(names.head('o.*'), 3), [[5, a, 'another']]);
    t.deepEqual(await notes(names.head('o.*'), 6), []);
    t.deepEqual(await notes(names.heads, 1_000), []);
    await settle(views.remove(a, 5));
    t.deepEqual(await notes(names.head('o.*')), [[2, b, undefined]]);
    t.is((await settle(views.read(b)))?.sequence, 2);
  });

  check('views: notes of many views are told once each', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const names = subjectsOf(hub).partition(0);
    const count = 1_100;
    for (let at = 0; at < count; at += 500)
      await settle(
        Promise.all(
          Array.from({ length: Math.min(500, count - at) }, (_, n) =>
            views.write(names.head(`o.${at + n}`), bytes('x'), 0, `${at + n}`),
          ),
        ),
      );
    const found = (await settle(all(views.notes(names.head('o.*'), 1)))).flat();
    t.deepEqual(
      found.map(({ sequence }) => sequence),
      Array.from({ length: count }, (_, at) => at + 1),
    );
    t.is(new Set(found.map(({ note }) => note)).size, count);
  });

  check('views: a scan of many views gives each once', async (t, { hub, ports, settle }) => {
    const { views } = ports(0);
    const names = subjectsOf(hub).partition(0);
    const writes = Array.from({ length: 150 }, (_, at) => views.write(names.head(`o.${at}`), bytes(`${at}`), 0));
    await settle(Promise.all(writes));
    const found = (await settle(all(views.scan(names.heads)))).map((message) => message.sequence);
    t.deepEqual(
      found.toSorted((a, b) => a - b),
      Array.from({ length: 150 }, (_, at) => at + 1),
    );
  });
}
